import { execFile } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { createSessionService, type ISessionService } from "../../exports/index.js"
import { codeOfPage } from "../support/code-of-page.js"

const run = promisify(execFile)
const root = fileURLToPath(new URL("../../../", import.meta.url))
const DOOR_GUIDES = ["express", "fastify", "koa", "hono", "node-http", "web", "websocket"]
/** Those whose blocks are one program. */
const GUIDES = [
  ...DOOR_GUIDES,
  "doors",
  "testing",
  "move-from-express-session",
  "move-from-rate-limiter-flexible",
  "near-cache",
  "rate-limits",
  "login-protection",
]
const PROGRAMS = [...GUIDES.map((guide) => `guides/${guide}`), "options"]
const MOST_LINES = 15
/** What the pages say is the application's. */
const USERS = `export declare function userOf(name: string, password: string): Promise<string>
export declare function verifyPassword(email: string, password: string): Promise<{ readonly id: string } | null>
`

describe("the guides", () => {
  it.each(DOOR_GUIDES)("%s: comes to a protected route within 15 lines", (guide) => {
    const [first = ""] = codeOfPage(`guides/${guide}`)
    expect(first).toContain("requireSession(")
    expect(first.trimEnd().split("\n").length).toBeLessThanOrEqual(MOST_LINES)
  })

  it("hold code that fits the typings of the built package", async () => {
    // Inside the project, so that "coatcheck" is found by the package's own name and exports.
    const folder = join(root, ".cache/guides")
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const files = PROGRAMS.map((page) => `${basename(page)}.ts`)
    expect(PROGRAMS.filter((page) => codeOfPage(page).length === 0)).toEqual([])
    for (const page of PROGRAMS) writeFileSync(join(folder, `${basename(page)}.ts`), `${codeOfPage(page).join("\n")}\nexport {}\n`)
    writeFileSync(join(folder, "users.ts"), USERS)
    const compilerOptions = {
      target: "es2023",
      lib: ["es2023"],
      module: "nodenext",
      types: ["node"],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      paths: { "content-disposition": [join(root, "node_modules/@types/content-disposition/index.d.ts")] },
    }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [...files, "users.ts"] }))
    const failure = await run("node", [join(root, "node_modules/typescript-7/bin/tsc"), "-p", folder], { cwd: root }).then(
      () => "",
      (error: { readonly stdout: string }) => error.stdout,
    )
    expect(failure).toBe("")
  }, 180_000)

  it("testing: a store that is away fails reads, and leaves the other calls as they are", async () => {
    const folder = join(root, ".cache/guide-of-testing")
    mkdirSync(folder, { recursive: true })
    const file = join(folder, "unreachable.ts")
    writeFileSync(file, codeOfPage("guides/testing").at(-1) ?? "")
    const { unreachable } = (await import(/* @vite-ignore */ file)) as { readonly unreachable: (sessions: ISessionService) => ISessionService }
    await using sessions = await createSessionService({ store: "memory:" })
    const away = unreachable(sessions)
    const { token } = await away.createSession({ userId: "ada" })
    await expect(away.getSession(token)).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
    expect(await sessions.getSession(token)).not.toBeNull()
    expect(await away.deleteSession(token)).toBe(true)
  })
})
