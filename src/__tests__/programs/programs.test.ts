import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sharedServer } from "../support/servers.js"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../../../", import.meta.url))
const here = fileURLToPath(new URL(".", import.meta.url))
const PROGRAMS = readdirSync(here).filter((name) => /^\d\d.*\.ts$/.test(name))
/** Those that have sessions on Redis. */
const ON_REDIS = /^(02|08|08b|08c|09)-/
const COMPILERS = { "TypeScript 6": "typescript/bin/tsc", "TypeScript 7": "typescript-7/bin/tsc" }

/** Inside the project, so that "coatcheck" is found by the package's own name and exports. */
const folder = join(root, ".cache/programs")
const emitted = join(folder, "out")
let data: string

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  data = mkdtempSync(join(tmpdir(), "coatcheck-programs-"))
})
afterAll(() => rmSync(data, { recursive: true, force: true }))

async function compile(
  compiler: string,
  name: string,
  options: object,
  files: readonly string[] = PROGRAMS.map((program) => join(here, program)),
): Promise<string> {
  const config = join(folder, `tsconfig.${name}.json`)
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    // The typings of Koa want those of @types, and not the ones of the same name that Express brings along.
    paths: { "content-disposition": [join(root, "node_modules/@types/content-disposition/index.d.ts")] },
    rootDir: here,
    ...options,
  }
  // What was checked in an earlier run and has not changed is not checked again; what is run has to be written each time.
  const memory = "outDir" in options ? {} : { incremental: true, tsBuildInfoFile: join(root, `.cache/types/programs-${name}.tsbuildinfo`) }
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...compilerOptions, ...memory }, files }))
  const { stdout } = await run("node", [join(root, "node_modules", compiler), "-p", config, "--listFiles"], { cwd: root, maxBuffer: 1e7 }).catch(
    (error: { readonly stdout: string }) =>
      Promise.reject(
        new Error(
          error.stdout
            .split("\n")
            .filter((line) => /error TS\d+/.test(line))
            .join("\n"),
        ),
      ),
  )
  return stdout
}

describe("the programs of users", () => {
  it("are those that the design names", () => {
    expect(PROGRAMS).toEqual([
      "01-memory.ts",
      "02-redis.ts",
      "03-schema.ts",
      "04-function.ts",
      "05-guest.ts",
      "05b-requests.ts",
      "05c-guest-express.ts",
      "06-remember.ts",
      "07-devices.ts",
      "07b-devices-express.ts",
      "08-express.ts",
      "08b-fastify.ts",
      "08c-hono.ts",
      "08d-node-web.ts",
      "08e-koa-websocket.ts",
      "09-login-limit.ts",
      "09b-limit-doors.ts",
      "10-test-and-di.ts",
      "11-drop-in.ts",
    ])
  })

  describe.each(Object.entries(COMPILERS))("under %s", (name, compiler) => {
    it.each([true, false])(
      "fit the typings of the built package, exactOptionalPropertyTypes %s",
      async (exactOptionalPropertyTypes) => {
        const files = await compile(compiler, `${name.replace(" ", "-")}.${exactOptionalPropertyTypes}`, { exactOptionalPropertyTypes, noEmit: true })
        const seen = files.split("\n").map((file) => relative(root, file.trim()))
        expect(seen).toContain("dist/exports/index.d.ts")
        expect(seen.filter((file) => /^src\/(?!__tests__)/.test(file))).toEqual([])
      },
      180_000,
    )
  })

  it("do not compile where they must not: each marked line is an error without its mark", async () => {
    const unmarked = PROGRAMS.map((program) => {
      const text = readFileSync(join(here, program), "utf8")
      writeFileSync(join(folder, program), text.replaceAll("// @ts-expect-error", "// marked"))
      return { file: join(folder, program), marks: text.split("// @ts-expect-error").length - 1 }
    })
    const marks = unmarked.reduce((sum, { marks: count }) => sum + count, 0)
    const files = unmarked.map(({ file }) => file)
    const failure = await compile(COMPILERS["TypeScript 7"], "unmarked", { noEmit: true, rootDir: folder }, files).then(
      () => "",
      (error: unknown) => (error as Error).message,
    )
    expect(failure.split("\n").filter((line) => /error TS\d+/.test(line)).length).toBeGreaterThanOrEqual(marks)
    expect(marks).toBeGreaterThanOrEqual(47)
  }, 180_000)

  it("may have attributes that are any JSON", async () => {
    const file = join(folder, "any-json.ts")
    writeFileSync(file, ANY_JSON)
    await compile(COMPILERS["TypeScript 7"], "any-json", { noEmit: true, rootDir: folder }, [file])
  }, 180_000)
})

const ANY_JSON = `
import { createSessionService } from "coatcheck"
import { z } from "zod"
const schema = z.object({ any: z.json(), named: z.record(z.string(), z.json()), pair: z.tuple([z.string(), z.number()]), branded: z.string().brand<"Account">() })
const sessions = await createSessionService({ store: "memory:", schema })
const { token, session } = await sessions.createSession({ attributes: { any: { a: [1, null] }, named: { b: [true] }, pair: ["a", 1], branded: "x" } })
const pair: readonly [string, number] = session.attributes.pair
await sessions.updateSession(token, { any: [pair[0]] })
await sessions.updateSession(token, (own) => own)
`

describe("run against the built package", () => {
  beforeAll(async () => {
    await compile(COMPILERS["TypeScript 7"], "emit", { outDir: emitted })
  }, 180_000)

  async function outputOf(program: string, ...args: readonly string[]): Promise<string> {
    const env = { ...process.env, REDIS_URL: sharedServer("redis").url, PROGRAM_FOLDER: data, NODE_ENV: "test" }
    const file = join(emitted, program.replace(/ts$/, "js"))
    const { stdout, stderr } = await run("node", ["--enable-source-maps", ...args, file], { cwd: data, env, timeout: 25_000 })
    expect(stderr).toBe("")
    return stdout
  }

  it.each(PROGRAMS)("%s does what it says", async (program) => {
    expect(await outputOf(program)).toContain(`ok ${program.replace(/\.ts$/, "")}`)
  })

  it.each(PROGRAMS.filter((program) => ON_REDIS.test(program)))("%s does so with the near-cache on", async (program) => {
    const output = await outputOf(program, "--import", new URL("../support/turn-near-cache-on.mjs", import.meta.url).href)
    expect(output).toContain(`ok ${program.replace(/\.ts$/, "")}`)
    expect(output).toContain("near-cache: serving")
  })
})
