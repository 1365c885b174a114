import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { createServer as createHttp } from "node:http"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { sharedServer, startServer } from "../../../src/__tests__/support/servers.js"
import { type SpawnOptions, spawnService, temporaryFolder } from "./support/service-process.js"

const isRoot = process.geteuid?.() === 0
const NOBODY = 65_534

/** Starts the service, expects it to give up, and answers its one line. */
async function failure(options: SpawnOptions): Promise<{ readonly code: number | null; readonly line: string }> {
  const service = spawnService(options)
  const { code } = await service.ended
  expect(service.stdout()).toBe("")
  const lines = service.stderr().trimEnd().split("\n")
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toMatch(/^\s+at |\.js:\d/)
  return { code, line: lines[0] ?? "" }
}

async function taken(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

it("--help that nobody reads to its end is no failure", async () => {
  const { child, ended, stderr } = spawnService({ cwd: temporaryFolder() }, "--help")
  child.stdout?.destroy()
  expect([await ended, stderr()]).toEqual([{ code: 0, signal: null }, ""])
})

describe("a service that cannot start says why in one line, and how to change it", () => {
  it("a port that is taken: 78", async () => {
    const port = await taken()
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { COATCHECK_PORT: String(port) } })
    expect([code, line]).toEqual([78, `coatcheck: port ${port} on 127.0.0.1 is taken: stop what listens there, or set COATCHECK_PORT.`])
  })

  it("a host that is not this machine: 78", async () => {
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { COATCHECK_HOST: "192.0.2.1", COATCHECK_API_KEY: "k".repeat(32) } })
    expect([code, line]).toEqual([78, expect.stringContaining("COATCHECK_HOST")])
  })

  it.each([
    ['{"api":{"limit":0,"window":"1m"}}', "rules.api.limit"],
    ['{"api":{"limit":5,"window":"soon"}}', "rules.api.window"],
    ['{"api":{"limit":5,"window":"1m","brust":9}}', "rules.api"],
    ['{"api":{"limit":5,"window":"1m","algorithm":"leaky"}}', "rules.api.algorithm"],
    ['{"api":{"limit":5,"window":"1m","shadow":"yes"}}', "rules.api.shadow"],
    ['{"api":5}', "rules.api"],
    ['{"constructor":{"limit":5,"window":"1m"}}', "the name of a rule"],
    ['{"__proto__":{"limit":5,"window":"1m"}}', "the name of a rule"],
    ['{"a b":{"limit":5,"window":"1m"}}', "the name of a rule"],
  ])("the rules %s: 78, before anything is made", async (rules, field) => {
    const cwd = temporaryFolder()
    const { code, line } = await failure({ cwd, env: { COATCHECK_RATE_LIMITS: rules } })
    expect([code, line]).toEqual([78, expect.stringMatching(/^coatcheck: COATCHECK_RATE_LIMITS .* Correct it; .* is an example\.$/)])
    expect(line).toContain(`Expected ${field} to `)
    expect(readdirSync(cwd)).toEqual([])
  })

  it("no Redis at the URL: 69", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => server.once("listening", resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { REDIS_URL: `redis://ada:hunter2@127.0.0.1:${port}/3` } })
    expect([code, line]).toEqual([
      69,
      expect.stringMatching(/^coatcheck: cannot reach the store redis:\/\/127\.0\.0\.1:\d+\/3 \(ERR_\w+\): .+ECONNREFUSED.+ Start it, or correct REDIS_URL\.$/),
    ])
  })

  it("something else than Redis at the URL: 69", async () => {
    const server = createHttp().listen(0, "127.0.0.1")
    await new Promise((resolve) => server.once("listening", resolve))
    onTestFinished(() => void server.close())
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { REDIS_URL: `redis://127.0.0.1:${(server.address() as AddressInfo).port}` } })
    expect([code, line]).toEqual([69, expect.stringContaining("REDIS_URL")])
  })

  it.each(["redis", "valkey"] as const)("a wrong password of %s, or none: 69", async (kind) => {
    await using server = await startServer({ kind, args: ["--requirepass", "correct-horse"] })
    for (const credentials of [":hunter2@", "ada:hunter2@", ""]) {
      const { code, line } = await failure({ cwd: temporaryFolder(), env: { REDIS_URL: `redis://${credentials}127.0.0.1:${server.port}` } })
      expect([code, line]).toEqual([69, expect.stringMatching(/refuses to serve \(ERR_STORE_REFUSED\): .* answered (?:WRONGPASS|NOAUTH): .* REDIS_URL\.$/)])
      expect(line).not.toMatch(/hunter2|ada/)
    }
  })

  it("a database that the server does not have: 69, and not its password", async () => {
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { REDIS_URL: `${sharedServer("redis").url}/99999` } })
    expect([code, line]).toEqual([69, expect.stringMatching(/no database of that number\. Correct the number in the URL\. .* REDIS_URL\.$/)])
  })

  it.each(["redis", "valkey"] as const)("a single %s by the URL of a cluster or of Sentinels: 69, and which URL to use", async (kind) => {
    const { port } = sharedServer(kind)
    for (const url of [`redis+cluster://127.0.0.1:${port}`, `redis+sentinel://127.0.0.1:${port}/main`]) {
      const { code, line } = await failure({ cwd: temporaryFolder(), env: { REDIS_URL: url } })
      expect([code, line]).toEqual([69, expect.stringMatching(/ \(ERR_STORE_REFUSED\): .* Use redis:\/\/….* REDIS_URL\.$/)])
    }
  })

  it.each(["redis", "valkey"] as const)("a %s that does not do what COATCHECK_DURABILITY asks: 78", async (kind) => {
    await using server = await startServer({ kind })
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { REDIS_URL: server.url, COATCHECK_DURABILITY: "fsync" } })
    expect([code, line]).toEqual([78, expect.stringMatching(/^coatcheck: COATCHECK_DURABILITY .* appendonly to yes.*, or unset COATCHECK_DURABILITY\.$/)])
  })

  it.each([
    ["COATCHECK_IDLE_TIMEOUT", "1ms"],
    ["COATCHECK_ABSOLUTE_TIMEOUT", "9999d"],
    ["COATCHECK_TOUCH_INTERVAL", "25h"],
    ["COATCHECK_STORE_TIMEOUT", "1d"],
    ["REDIS_URL", "redis://127.0.0.1:1/abc"],
    ["REDIS_URL", "redis+cluster://127.0.0.1:1/1"],
  ])("%s=%s is out of range: 78, and names it first", async (name, value) => {
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { [name]: value } })
    expect([code, line]).toEqual([78, expect.stringMatching(new RegExp(`^coatcheck: ${name} is not what was expected: Expected `))])
  })

  it.each([
    ["COATCHECK_PORT", "eighty"],
    ["COATCHECK_IDLE_TIMEOUT", "30"],
    ["COATCHECK_API_KEY", "hunter2"],
    ["COATCHECK_HOST", "0.0.0.0"],
    ["COATCHECK_HOTS", "localhost"],
  ])("%s=%s: 78", async (name, value) => {
    const { code, line } = await failure({ cwd: temporaryFolder(), env: { [name]: value } })
    expect([code, line]).toEqual([78, expect.stringContaining(name)])
    expect(line).not.toContain("hunter2")
  })

  it("a folder that cannot be written: 78", async () => {
    const cwd = temporaryFolder()
    chmodSync(cwd, 0o555)
    const { code, line } = await failure({ cwd, uid: isRoot ? NOBODY : undefined })
    expect([code, line]).toEqual([78, "coatcheck: cannot write .coatcheck (EACCES): make it writable, or set COATCHECK_FOLDER to a folder that is."])
  })

  it("a database that is no database: 78", async () => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, ".coatcheck"), { mode: 0o700 })
    writeFileSync(join(cwd, ".coatcheck/sessions.db"), "no database at all, but long enough to be taken for one ".repeat(100))
    const { code, line } = await failure({ cwd })
    expect([code, line]).toEqual([78, expect.stringContaining(".coatcheck/sessions.db")])
  })

  it("a link in place of the database: 78", async () => {
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, ".coatcheck"), { mode: 0o700 })
    symlinkSync("/dev/null", join(cwd, ".coatcheck/sessions.db"))
    expect(await failure({ cwd })).toEqual({ code: 78, line: expect.stringContaining(".coatcheck/sessions.db is a symbolic link") })
  })

  it("a folder of another user: 78", async () => {
    const cwd = temporaryFolder()
    const folder = isRoot ? join(cwd, "coats") : "/"
    if (isRoot) {
      mkdirSync(folder, { mode: 0o700 })
      chownSync(folder, NOBODY, NOBODY)
    }
    expect(await failure({ cwd, env: { COATCHECK_FOLDER: folder } })).toEqual({ code: 78, line: expect.stringContaining("belongs to another user") })
  })

  it("an argument: 78; --help explains instead", async () => {
    const cwd = temporaryFolder()
    const refused = spawnService({ cwd }, "--port=80")
    expect([(await refused.ended).code, refused.stderr()]).toEqual([78, expect.stringContaining("--help")])
    const helped = spawnService({ cwd }, "--help")
    expect([(await helped.ended).code, helped.stdout(), helped.stderr()]).toEqual([0, expect.stringContaining("COATCHECK_PORT"), ""])
  })
})
