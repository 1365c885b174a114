import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { codeOfPage } from "../support/code-of-page.js"
import { freePort } from "../support/servers.js"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
// Inside the project, so that "coatcheck" is found by the package's own name and exports.
const FOLDER = join(ROOT, ".cache/guides-that-run")
const ORIGIN = { "sec-fetch-site": "same-origin" }

/** What the pages say is the application's. */
const USERS = `import { SessionError } from "coatcheck"
export async function userOf(name: string, password: string): Promise<string> {
  if (password !== "right") throw new SessionError("ERR_NOT_AUTHENTICATED", "Wrong name or password.")
  return name
}
`

interface Guide {
  readonly page: string
  /** What serves the page's handlers where it leaves that to the framework. */
  readonly served?: string
  readonly signIn: (password: string) => RequestInit
  readonly signsIn: string
  readonly me: string
  readonly signOut: readonly [method: string, path: string]
  /** What is answered then, where it is not how many sessions ended. */
  readonly signedOut?: readonly [status: number, text: string]
}

const inHeaders = (password: string): RequestInit => ({ headers: { "x-name": "ada", "x-password": password } })
const asJson = (password: string): RequestInit => ({ headers: { "content-type": "application/json" }, body: JSON.stringify({ name: "ada", password }) })
const asForm = (password: string): RequestInit => ({ body: new URLSearchParams({ name: "ada", password }) })
const PATHS = { signsIn: "/sign-in", me: "/me", signOut: ["POST", "/sign-out"] } as const
const SERVE = `import { serve } from "@hono/node-server"\n`

const MOVING = "move-from-express-session"

const GUIDES: readonly Guide[] = [
  { page: "express", signIn: asJson, ...PATHS },
  { page: "fastify", signIn: asJson, ...PATHS },
  { page: "hono", signIn: asJson, ...PATHS, served: `${SERVE}serve({ fetch: app.fetch, port: PORT })` },
  { page: "koa", signIn: inHeaders, ...PATHS },
  { page: MOVING, signIn: asJson, ...PATHS, signedOut: [204, ""], served: "app.listen(PORT)" },
  { page: "node-http", signIn: inHeaders, ...PATHS },
  {
    page: "web",
    signIn: asForm,
    signsIn: "/me",
    me: "/me",
    signOut: ["DELETE", "/me"],
    served: `${SERVE}const methods: Record<string, (request: Request) => Promise<Response>> = { GET, POST, DELETE }
serve({ fetch: (request: Request) => methods[request.method]!(request), port: PORT })`,
  },
]

function programOf({ page, served = "" }: Guide): string {
  const code = `${codeOfPage(`guides/${page}`).join("\n")}\n${served}\nexport {}\n`
  return `import { argv } from "node:process"\nconst PORT = Number(argv[2])\n${code.replace("redis://127.0.0.1", "memory:").replaceAll("3000", "PORT")}`
}

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true })
  mkdirSync(FOLDER, { recursive: true })
  for (const guide of GUIDES) writeFileSync(join(FOLDER, `${guide.page}.ts`), programOf(guide))
  writeFileSync(join(FOLDER, "users.ts"), USERS)
  // What the types say is judged elsewhere.
  const compilerOptions = { target: "es2023", module: "nodenext", types: ["node"], noCheck: true, outDir: join(FOLDER, "out"), rootDir: FOLDER }
  writeFileSync(join(FOLDER, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }))
  await promisify(execFile)("node", [join(ROOT, "node_modules/typescript-7/bin/tsc"), "-p", FOLDER], { cwd: ROOT })
}, 180_000)

describe.each(GUIDES)("the guide $page, as it stands,", (guide) => {
  it("signs in with the right password only, and out", async () => {
    const origin = await start(guide.page)
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(origin + path, { redirect: "manual", ...init, headers: new Headers([...Object.entries(ORIGIN), ...new Headers(init.headers)]) })

    expect((await ask(guide.me)).status).toBe(401)
    const refused = await ask(guide.signsIn, { method: "POST", ...guide.signIn("wrong") })
    expect([refused.status, refused.headers.getSetCookie()]).toEqual([401, []])

    const admitted = await ask(guide.signsIn, { method: "POST", ...guide.signIn("right") })
    expect(admitted.status).toBeLessThan(400)
    const cookie = cookiesOf(admitted).join("; ")
    const me = await ask(guide.me, { headers: { cookie } })
    expect([me.status, await me.text()]).toEqual([200, expect.stringContaining("ada")])

    const [method, path] = guide.signOut
    const out = await ask(path, { method, headers: { cookie } })
    expect([out.status, await out.text()]).toEqual(guide.signedOut ?? [200, expect.stringContaining("1")])
    expect((await ask(guide.me, { headers: { cookie } })).status).toBe(401)
  })
})

it("the guide for moving signs out of express-session also where the session at the door is over", async () => {
  const origin = await start(MOVING)
  const ask = (method: string, path: string, cookie: string, init: RequestInit = {}): Promise<Response> =>
    fetch(origin + path, { method, ...init, headers: { ...ORIGIN, cookie, ...(init.headers as Record<string, string> | undefined) } })

  const admitted = await ask("POST", "/sign-in", "", asJson("right"))
  const [old = "", door = ""] = cookiesOf(admitted).sort((one) => (one.startsWith("connect.sid") ? -1 : 1))
  expect((await ask("POST", "/sign-out", door)).status).toBe(204)
  expect(await (await ask("GET", "/old", old)).json()).toEqual({ user: "ada" })
  expect((await ask("POST", "/sign-out", `${door}; ${old}`)).status).toBe(401)
  expect(await (await ask("GET", "/old", old)).json()).toEqual({})
})

function cookiesOf(answer: Response): string[] {
  return answer.headers.getSetCookie().map((cookie) => String(cookie.split(";")[0]))
}

async function start(page: string): Promise<string> {
  const port = await freePort()
  const child = spawn(process.execPath, [join(FOLDER, "out", `${page}.js`), String(port)], {
    stdio: "ignore",
    env: { ...process.env, SESSION_SECRET: "a secret" },
  })
  onTestFinished(() => ended(child))
  const origin = `http://127.0.0.1:${port}`
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The program of the guide ${page} ended with ${child.exitCode}.`)
    const answers = await fetch(origin).then(
      () => true,
      () => false,
    )
    if (answers) return origin
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill()
  await once(child, "exit")
}
