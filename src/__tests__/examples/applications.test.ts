import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { CookieJar } from "tough-cookie"
import { describe, expect, it, onTestFinished } from "vitest"
import { freePort } from "../support/servers.js"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const FOLDER = join(ROOT, "examples/apps")
/** What the applications share. */
const PARTS = ["accounts.mjs", "authenticator.mjs"]
const APPLICATIONS = readdirSync(FOLDER).filter((name) => name.endsWith(".mjs") && !PARTS.includes(name))
const PASSWORD = "correct horse battery staple"

it("there is one application for each framework", () => {
  expect(APPLICATIONS).toEqual(["express.mjs", "fastify.mjs", "hono.mjs", "koa.mjs", "node-http.mjs", "web.mjs"])
})

/** Somebody with a browser of their own. */
class Visitor {
  readonly #jar = new CookieJar()
  readonly #origin: string
  readonly #agent: string

  constructor(origin: string, agent: string) {
    this.#origin = origin
    this.#agent = agent
  }

  async ask(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> {
    const url = this.#origin + path
    const headers = new Headers({ cookie: await this.#jar.getCookieString(url), origin: this.#origin, "user-agent": this.#agent })
    if (body !== undefined) headers.set("content-type", "application/json")
    const answer = await fetch(url, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })
    for (const line of answer.headers.getSetCookie()) await this.#jar.setCookie(line, url)
    const text = await answer.text()
    const isJson = answer.headers.get("content-type")?.includes("json") === true && text !== ""
    return { status: answer.status, body: isJson ? JSON.parse(text) : text }
  }

  signIn(password = PASSWORD): Promise<{ readonly status: number }> {
    return this.ask("POST", "/sign-in", { user: "ada", password })
  }
}

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
const SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"

describe.each(APPLICATIONS)("examples/apps/%s", (name) => {
  it("signs in, shows and changes a profile, lists devices and signs out everywhere", async () => {
    const origin = await start(name)
    const [laptop, phone] = [new Visitor(origin, FIREFOX), new Visitor(origin, SAFARI)]

    expect((await laptop.ask("GET", "/profile")).status).toBe(401)
    expect((await laptop.signIn("wrong")).status).toBe(401)
    expect((await laptop.ask("GET", "/profile")).status).toBe(401)
    expect((await laptop.signIn()).status).toBe(204)
    expect((await phone.signIn()).status).toBe(204)
    expect(await laptop.ask("GET", "/profile")).toEqual({ status: 200, body: { user: "ada", theme: "light" } })
    expect(await laptop.ask("PUT", "/profile/theme", { theme: "dark" })).toEqual({ status: 200, body: { theme: "dark" } })
    expect(await laptop.ask("GET", "/profile")).toEqual({ status: 200, body: { user: "ada", theme: "dark" } })

    const devices = (await laptop.ask("GET", "/devices")).body as readonly Record<string, unknown>[]
    expect(devices.map(({ label, current }) => ({ label, current }))).toEqual(
      expect.arrayContaining([
        { label: expect.stringContaining("Firefox"), current: true },
        { label: expect.stringContaining("Safari"), current: false },
      ]),
    )
    expect(devices).toHaveLength(2)
    const other = devices.find(({ current }) => current === false)
    expect(await laptop.ask("DELETE", `/devices/${String(other?.sessionId)}`)).toEqual({ status: 200, body: { ended: 1 } })
    expect((await phone.ask("GET", "/profile")).status).toBe(401)

    expect((await phone.signIn()).status).toBe(204)
    expect(await laptop.ask("POST", "/sign-out-everywhere")).toEqual({ status: 200, body: { ended: 2 } })
    expect((await laptop.ask("GET", "/profile")).status).toBe(401)
    expect((await phone.ask("GET", "/profile")).status).toBe(401)
  })

  it("refuses what another site sends", async () => {
    const origin = await start(name)
    const laptop = new Visitor(origin, FIREFOX)
    await laptop.signIn()
    const forged = await fetch(`${origin}/sign-out-everywhere`, { method: "POST", headers: { origin: "https://stranger.example" } })
    expect(forged.status).toBe(403)
    expect((await laptop.ask("GET", "/profile")).status).toBe(200)
  })
})

it.each(APPLICATIONS)("examples/apps/%s goes on after a body that is no JSON", async (name) => {
  const origin = await start(name)
  const headers = { origin, "content-type": "application/json" }
  const broken = await fetch(`${origin}/sign-in`, { method: "POST", headers, body: "{" })
  expect(broken.status).toBeGreaterThanOrEqual(400)
  expect((await new Visitor(origin, FIREFOX).signIn()).status).toBe(204)
})

async function start(name: string): Promise<string> {
  expect(existsSync(join(ROOT, "dist/exports/auth.js")), "the library is not built: npm run build").toBe(true)
  const port = await freePort()
  const child = spawn(process.execPath, [join(FOLDER, name)], { env: { PATH: process.env.PATH, PORT: String(port) }, stdio: ["ignore", "pipe", "pipe"] })
  onTestFinished(() => end(child))
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (said += text))
  await expect.poll(() => said, { timeout: 20_000 }).toContain("http://")
  expect(said).toBe(`http://localhost:${port}\n`)
  return `http://localhost:${port}`
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, "exit")
  child.kill("SIGKILL")
  await ended
}

it("every part that they share is used by them", () => {
  const sources = APPLICATIONS.map((name) => readFileSync(join(FOLDER, name), "utf8"))
  for (const part of PARTS) expect(sources.filter((source) => source.includes(`"./${part}"`))).toHaveLength(APPLICATIONS.length)
})
