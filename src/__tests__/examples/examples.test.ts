import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"

const ROOT = fileURLToPath(new URL("../../../", import.meta.url))
const FOLDER = join(ROOT, "examples")

type Environment = Readonly<Record<string, string>>

interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  printed(): string
  complaints(): string
}

function start(program: string, cwd: string, env: Environment = {}): Running {
  const child = spawn(process.execPath, [program], { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  let [printed, complaints] = ["", ""]
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text))
  const ended = once(child, "close").then(([code]) => code as number | null)
  return { child, ended, printed: () => printed, complaints: () => complaints }
}

function example(name: string, cwd: string, env?: Environment): Running {
  expect(existsSync(join(ROOT, "dist/exports/index.js")), "the library is not built: npm run build").toBe(true)
  return start(join(FOLDER, name), cwd, env)
}

/** The lines that an example prints until it ends by itself; it must not complain, and must leave nothing in its folder. */
async function linesOf(name: string, env?: Environment): Promise<readonly string[]> {
  const cwd = temporaryFolder()
  const run = example(name, cwd, env)
  const code = await run.ended
  expect({ code, complaints: run.complaints(), files: readdirSync(cwd) }).toEqual({ code: 0, complaints: "", files: [] })
  return run.printed().trimEnd().split("\n")
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-examples-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

it("quick-start.mjs signs in, changes an attribute and signs out", async () => {
  expect(await linesOf("quick-start.mjs")).toEqual(["ada { theme: 'light' }", "{ theme: 'dark' }", "null"])
})

it.each(SERVER_KINDS)("redis-client.mjs uses a client of its own, on %s", async (kind) => {
  expect(await linesOf("redis-client.mjs", { REDIS_URL: sharedServer(kind).url })).toEqual([
    "opened for ada",
    "found: true",
    "the token's secret is in the store: false",
    "signed out everywhere: 1",
    "the client is still open: true",
  ])
})

it.each(SERVER_KINDS)("near-cache.mjs reads from memory, and hears of a sign-out elsewhere, on %s", async (kind) => {
  expect(await linesOf("near-cache.mjs", { REDIS_URL: sharedServer(kind).url })).toEqual([
    "read a thousand times from memory",
    "one's own change is seen at once: dark",
    "signed out elsewhere, a lease ago: null",
  ])
})

it("schema.mjs fills defaults, refuses, upgrades and changes by a function", async () => {
  expect(await linesOf("schema.mjs")).toEqual([
    "stored: { email: 'ada@example.org', role: 'member' }",
    'refused: Expected attributes to fit the schema, got a value that does not at "email".',
    "upgraded: { email: 'ada@example.org', roles: [ 'member' ] }",
    "promoted: [ 'member', 'admin' ]",
  ])
})

it("devices.mjs lists devices and signs out elsewhere", async () => {
  expect(await linesOf("devices.mjs")).toEqual([
    "signed in on:",
    "- This browser (you are here)",
    "- Phone",
    "- Old laptop",
    "phone signed out: true",
    "others signed out: 1",
    "still signed in on:",
    "- This browser (you are here)",
    "events: revoked, revoked",
  ])
})

it("container.mjs gives the contract to a class", async () => {
  expect(await linesOf("container.mjs")).toEqual(["audit: ada changed the password, 1 other sessions ended", "this session goes on: true"])
})

it("cleanup.mjs stops, goes on and counts", async () => {
  const lines = await linesOf("cleanup.mjs")
  expect(lines.filter((line) => /^looked at \d+: \d+ live, \d+ removed$/.test(line)).length).toBeGreaterThan(3)
  expect(lines.filter((line) => !line.startsWith("looked at"))).toEqual([
    "stopped: true",
    "finished",
    "removed in all: 600",
    "live sessions by the time since their last use: { hour: 0, day: 400, week: 0, month: 0, older: 0 }",
  ])
})

it("cleanup.mjs ends at Ctrl-C, after the step under way", async () => {
  const run = example("cleanup.mjs", temporaryFolder())
  await expect.poll(() => run.printed(), { timeout: 10_000 }).toContain("looked at 200")
  run.child.kill("SIGINT")
  expect(await run.ended).toBe(0)
  expect(run.printed()).toContain("stopped: true")
  expect(run.printed()).not.toContain("finished")
})

it("express-session.mjs keeps a signed-out user signed out", async () => {
  expect(await linesOf("express-session.mjs")).toEqual(["hello ada", "signed out", "not saved: ERR_SESSION_ENDED", "hello stranger"])
})

it("http-client.mjs talks to the service", async () => {
  const main = join(ROOT, "service/dist/main.js")
  expect(existsSync(main), "the service is not built: npm run build:service").toBe(true)
  const cwd = temporaryFolder()
  const service = start(main, cwd, { COATCHECK_PORT: "0" })
  await expect.poll(() => service.printed() + service.complaints(), { timeout: 15_000 }).toContain("Try it:")
  const [, url = ""] = /listens on (http:\S+)/.exec(service.printed()) ?? []
  const run = example("http-client.mjs", cwd, { COATCHECK_URL: url })
  expect({ code: await run.ended, complaints: run.complaints() }).toEqual({ code: 0, complaints: "" })
  expect(run.printed().trimEnd().split("\n")).toEqual([
    "opened for grace",
    "changed since it was read: 412 ERR_SESSION_CONFLICT",
    "new token, same session: true",
    "the old token: null",
    "signed out everywhere: 1",
    "the new token: null",
  ])
  service.child.kill("SIGTERM")
  expect(await service.ended).toBe(0)
})

it("login-protection.mjs stops guessing and lets the owner in", async () => {
  expect(await linesOf("login-protection.mjs")).toEqual([
    "signed in: ada",
    "guesses that were verified: 10",
    "then denied: blocked true",
    "from elsewhere, even with the right password: false",
    "from the owner's browser: ada",
  ])
})

it("api-quota.mjs takes both limits or neither", async () => {
  expect(await linesOf("api-quota.mjs")).toEqual([
    "answers: 200 200 200 200 200 429",
    "left today, for the denied one took nothing: 500",
    "after one was given back: 600",
  ])
})

it("concurrent-exports.mjs runs two at a time", async () => {
  expect(await linesOf("concurrent-exports.mjs")).toEqual(["of five at once: denied denied denied written written", "at a time: 2", "afterwards: written"])
})

it("every example is run here", () => {
  const source = readFileSync(fileURLToPath(import.meta.url), "utf8")
  // The applications in apps/ have a test of their own.
  const examples = readdirSync(FOLDER).filter((name) => name.endsWith(".mjs"))
  expect(examples.length).toBeGreaterThan(6)
  expect(examples.filter((name) => !source.includes(`"${name}"`))).toEqual([])
})

it("the README shows quick-start.mjs as it is, and the lines of redis-client.mjs that make the service", () => {
  const [first, second] = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code ?? "")
  expect(first).toBe(readFileSync(join(FOLDER, "quick-start.mjs"), "utf8"))
  const lines = readFileSync(join(FOLDER, "redis-client.mjs"), "utf8").split("\n")
  const shown = second?.trimEnd().split("\n") ?? []
  expect(shown).toHaveLength(7)
  expect(shown.filter((line) => line !== "" && !lines.includes(line))).toEqual([])
})
