import { execFile } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<"types" | "default", string>>>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

const run = promisify(execFile)
const root = fileURLToPath(new URL("../../../", import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== "./package.json")
/** Subpaths that stand on an optional peer; all others must work without any. */
const PEER_OF: Readonly<Record<string, string>> = { "./container": "typed-inject", "./express-session": "express-session" }
/** What the typings of subpaths stand on. At run time a door needs nothing, for the framework hands in all that it uses. */
const TYPES_OF = ["@types/node", "@types/express", "@types/express-session", "fastify", "hono", "@types/koa", "@types/ws"]
const COMPILERS = { "TypeScript 6": "typescript/bin/tsc", "TypeScript 7": "typescript-7/bin/tsc" }

let folder: string
let packed: readonly string[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "coatcheck-package-"))
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], { cwd: root })
  const [tarball] = JSON.parse(stdout) as readonly { readonly filename: string; readonly files: readonly { readonly path: string }[] }[]
  if (tarball === undefined) throw new Error("Expected npm pack to name a tarball")
  packed = tarball.files.map((file) => file.path)
  makeProject("bare")
  makeProject("full")
  await install("bare", [join(folder, tarball.filename)])
  const peers = [...new Set(Object.values(PEER_OF)), ...TYPES_OF].map((name) => `${name}@${manifest.devDependencies[name]}`)
  await install("full", [join(folder, tarball.filename), ...peers])
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the tarball", () => {
  it("holds the compiled library and its papers, and nothing else", () => {
    const papers = ["package.json", "README.md", "LICENSE", "CHANGELOG.md"]
    const unexpected = packed.filter((path) => !papers.includes(path) && !/^dist\/[\w./-]+\.(js|js\.map|d\.ts)$/.test(path))
    expect(unexpected).toEqual([])
    expect(papers.filter((path) => !packed.includes(path))).toEqual([])
    expect(packed.filter((path) => path.includes("__tests__"))).toEqual([])
  })

  it("holds no file whose source is gone", () => {
    const compiled = packed.filter((path) => path.startsWith("dist/") && path.endsWith(".js"))
    expect(compiled.length).toBeGreaterThan(10)
    expect(compiled.filter((path) => !existsSync(join(root, path.replace(/^dist/, "src").replace(/js$/, "ts"))))).toEqual([])
  })

  it("holds no path of the machine that built it", () => {
    const found = packed.filter((path) => readFileSync(join(root, path), "utf8").includes(root))
    expect(found).toEqual([])
  })
})

describe("in an empty project without optional peers", () => {
  it.each(subpaths.filter((subpath) => PEER_OF[subpath] === undefined))("%s can be imported", async (subpath) => {
    expect(await namesOf("bare", specifier(subpath))).not.toEqual([])
  })

  it("require() gives the same names as import", async () => {
    const program = `console.log(JSON.stringify(Object.keys(require("${manifest.name}")).sort()))`
    const { stdout } = await run("node", ["--input-type=commonjs", "--no-warnings", "-e", program], { cwd: join(folder, "bare") })
    expect(JSON.parse(stdout)).toEqual(await namesOf("bare", manifest.name))
  })

  it("what is not in the exports map is closed", async () => {
    const inner = `${manifest.name}/dist/exports/index.js`
    await expect(namesOf("bare", inner)).rejects.toThrow("ERR_PACKAGE_PATH_NOT_EXPORTED")
  })

  it("no optional peer was pulled in", () => {
    const optional = Object.entries(manifest.peerDependenciesMeta).filter(([, meta]) => meta.optional)
    expect(optional.length).toBeGreaterThan(0)
    expect(optional.filter(([name]) => existsSync(join(folder, "bare/node_modules", name)))).toEqual([])
  })
})

describe("with the optional peers that subpaths stand on", () => {
  it.each(subpaths)("%s can be imported", async (subpath) => {
    expect(await namesOf("full", specifier(subpath))).not.toEqual([])
  })

  describe.each(Object.entries(COMPILERS))("under %s", (_name, compiler) => {
    it.each([true, false])(
      "every subpath's typings hold, exactOptionalPropertyTypes %s",
      async (exactOptionalPropertyTypes) => {
        const config = `tsconfig.${compiler.split("/")[0]}.${exactOptionalPropertyTypes}.json`
        const compilerOptions = {
          target: "es2023",
          lib: ["es2023"],
          module: "nodenext",
          types: ["node"],
          strict: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          noEmit: true,
          exactOptionalPropertyTypes,
        }
        writeFileSync(join(folder, "full", config), JSON.stringify({ compilerOptions, files: ["program.ts"] }))
        writeFileSync(join(folder, "full/program.ts"), subpaths.map((subpath, i) => `export * as door${i} from "${specifier(subpath)}"\n`).join(""))
        const { stdout } = await run("node", [join(root, "node_modules", compiler), "-p", config, "--listFiles"], { cwd: join(folder, "full") }).catch(
          (error: { readonly stdout: string }) => Promise.reject(new Error(`tsc found: ${error.stdout}`)),
        )
        const files = stdout.split("\n").map((file) => relative(join(folder, "full"), file.trim()))
        for (const door of Object.values(manifest.exports)) {
          if (typeof door !== "string") expect(files).toContain(join("node_modules", manifest.name, door.types))
        }
      },
      120_000,
    )
  })
})

function specifier(subpath: string): string {
  return subpath.replace(/^\./, manifest.name)
}

function makeProject(name: string): void {
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, "package.json"), JSON.stringify({ name: `uses-${manifest.name}-${name}`, private: true, type: "module" }))
}

async function install(project: string, packages: readonly string[]): Promise<void> {
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error", ...packages], { cwd: join(folder, project) })
}

/** The names that a module exports, sorted, as a fresh process in that project sees them. */
async function namesOf(project: string, name: string): Promise<readonly string[]> {
  const program = `console.log(JSON.stringify(Object.keys(await import("${name}")).sort()))`
  const { stdout } = await run("node", ["--input-type=module", "-e", program], { cwd: join(folder, project) })
  return JSON.parse(stdout) as readonly string[]
}
