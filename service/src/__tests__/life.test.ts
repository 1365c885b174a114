import { once } from "node:events"
import { mkdirSync, readdirSync, statSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { describe, expect, it, onTestFinished } from "vitest"
import { freePort, sharedServer, startServer } from "../../../src/__tests__/support/servers.js"
import { createHttpServer } from "../http/server.js"
import { readSettings } from "../settings.js"
import { OWN_FILES } from "../start/data-folder.js"
import { greeting } from "../start/greeting.js"
import { drain } from "../start/shutdown.js"
import { ask, keyIn, spawnService, startService, temporaryFolder } from "./support/service-process.js"

const KEY = "test-key-".repeat(5)

describe("the start", () => {
  it("says where it listens, which store, where the key is, and a next command that works", async () => {
    const cwd = temporaryFolder()
    const { origin, stdout, stderr } = await startService({ cwd })
    expect(stdout().split("\n").slice(0, 3)).toEqual([
      `coatcheck listens on ${origin}`,
      "sessions are kept in .coatcheck/sessions.db (sqlite)",
      "the API key is in .coatcheck/api-key",
    ])
    expect(stdout() + stderr()).not.toContain(keyIn(cwd))
    const next = /curl .*/.exec(stdout())?.[0] ?? ""
    const { execFileSync } = await import("node:child_process")
    expect(JSON.parse(execFileSync("bash", ["-c", next], { cwd, encoding: "utf8" }))).toMatchObject({ session: { userId: "ada" } })
  })

  it("of several processes at once in one folder ends with one key and one database", async () => {
    const cwd = temporaryFolder()
    const services = await Promise.all([1, 2, 3].map(() => startService({ cwd })))
    const [first, , third] = services
    const made = await ask(first?.origin ?? "", keyIn(cwd), "POST", "/v1/sessions", { json: { userId: "ada" } })
    expect((await ask(third?.origin ?? "", keyIn(cwd), "GET", "/v1/session", { token: made.body.token })).status).toBe(200)
    expect(readdirSync(join(cwd, ".coatcheck")).filter((name) => name.startsWith("api-key"))).toEqual(["api-key"])
  })

  it("takes any address of this machine, IPv6 too", async () => {
    const { origin } = await startService({ cwd: temporaryFolder(), env: { COATCHECK_HOST: "::1", COATCHECK_API_KEY: KEY } })
    expect(origin).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await ask(origin, KEY, "POST", "/v1/sessions", { json: { userId: "ada" } })).status).toBe(201)
  })

  it("does without a reader of its greeting", async () => {
    const port = await freePort()
    const { child, ended, stderr } = spawnService({ cwd: temporaryFolder(), env: { COATCHECK_PORT: String(port), COATCHECK_API_KEY: KEY } })
    child.stdout?.destroy()
    const alive = () => fetch(`http://127.0.0.1:${port}/livez`).then(({ status }) => status, String)
    await expect.poll(alive, { timeout: 20_000 }).toBe(200)
    child.kill("SIGTERM")
    expect([await ended, stderr()]).toEqual([{ code: 0, signal: null }, expect.not.stringContaining("report it")])
  })

  it("names a command that can be run, whichever keys there are", () => {
    const text = (env: Readonly<Record<string, string>>) =>
      greeting({ settings: readSettings(env), origin: "http://x", generated: undefined, isTerminal: true })
    const [named, listed] = [text({ COATCHECK_API_KEY: KEY }), text({ COATCHECK_API_KEYS: `web:create:${KEY}` })]
    expect(named).toContain("Bearer $COATCHECK_API_KEY")
    expect(listed).toMatch(/KEY: one of COATCHECK_API_KEYS[\s\S]*Bearer \$KEY"/)
    for (const one of [named, listed]) expect(one).not.toContain(KEY)
  })

  it("shows a new key once, on a terminal only", () => {
    const settings = readSettings({})
    const text = (isNew: boolean, isTerminal: boolean) =>
      greeting({ settings, origin: "http://x", generated: { key: KEY, path: ".coatcheck/api-key", isNew }, isTerminal })
    expect(text(true, true)).toContain(KEY)
    for (const [isNew, isTerminal] of [
      [true, false],
      [false, true],
      [false, false],
    ] as const)
      expect(text(isNew, isTerminal)).not.toContain(KEY)
  })

  it("keeps its files to itself: 0700 and 0600, side files of the database included", async () => {
    const cwd = temporaryFolder()
    const { origin } = await startService({ cwd })
    await ask(origin, keyIn(cwd), "POST", "/v1/sessions", { json: { userId: "ada" } })
    const folder = join(cwd, ".coatcheck")
    const names = readdirSync(folder)
    expect(names).toEqual(expect.arrayContaining(["api-key", "sessions.db", "sessions.db-wal"]))
    expect(names.filter((name) => !OWN_FILES.includes(name))).toEqual([])
    expect(names.map((name) => [name, statSync(join(folder, name)).mode & 0o777])).toEqual(names.map((name) => [name, 0o600]))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it.each(["redis", "valkey"] as const)("serves the same from %s, and with keys of its own makes no folder", async (kind) => {
    const cwd = temporaryFolder()
    const { origin, stdout } = await startService({ cwd, env: { REDIS_URL: sharedServer(kind).url, COATCHECK_API_KEYS: `web:create+read:${KEY}` } })
    expect(stdout()).toContain(`sessions are kept in redis://127.0.0.1:${sharedServer(kind).port}`)
    const made = await ask(origin, KEY, "POST", "/v1/sessions", { json: { userId: `ada-${kind}` } })
    expect(made.status).toBe(201)
    expect((await ask(origin, KEY, "GET", "/v1/session", { token: made.body.token })).status).toBe(200)
    expect((await ask(origin, KEY, "DELETE", "/v1/session", { token: made.body.token })).status).toBe(403)
    expect((await ask(origin, KEY, "GET", "/readyz")).status).toBe(200)
    expect(readdirSync(cwd)).toEqual([])
  })
})

describe("a store that goes away and comes back", () => {
  it("is 503 on every route meanwhile, and nobody is signed out", async () => {
    await using server = await startServer({ kind: "redis", args: ["--appendonly", "yes", "--appendfsync", "always"] })
    const { origin } = await startService({ cwd: temporaryFolder(), env: { REDIS_URL: `redis://127.0.0.1:${server.port}`, COATCHECK_API_KEY: KEY } })
    const { token } = (await ask(origin, KEY, "POST", "/v1/sessions", { json: { userId: "ada" } })).body
    await server.kill9()
    expect(await ask(origin, KEY, "GET", "/v1/session", { token })).toMatchObject({ status: 503, body: { code: expect.stringMatching(/^ERR_STORE_/) } })
    expect([(await ask(origin, KEY, "GET", "/readyz")).status, (await ask(origin, KEY, "GET", "/livez")).status]).toEqual([503, 200])
    await server.restart()
    await expect.poll(async () => (await ask(origin, KEY, "GET", "/readyz")).status, { timeout: 15_000 }).toBe(200)
    expect((await ask(origin, KEY, "GET", "/v1/session", { token })).status).toBe(200)
  })
})

describe("the end", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("%s: accepts nothing more, finishes what runs, and exits with 0", async (signal) => {
    const cwd = temporaryFolder()
    const { child, ended, port, origin } = await startService({ cwd })
    const key = keyIn(cwd)
    await ask(origin, key, "GET", "/livez")
    const body = JSON.stringify({ userId: "ada" })
    const running = connect(port, "127.0.0.1")
    const answer = text(running)
    running.write(
      `POST /v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n{`,
    )
    // Another request that is answered shows that the bytes above were taken in.
    await ask(origin, key, "GET", "/livez")
    child.kill(signal)
    await expect
      .poll(
        () =>
          ask(origin, key, "GET", "/livez").then(
            () => "served",
            () => "refused",
          ),
        { timeout: 5_000 },
      )
      .toBe("refused")
    child.kill(signal)
    running.write(body.slice(1))
    expect(await answer).toMatch(/^HTTP\/1\.1 201 Created\r\n[\s\S]*"userId":"ada"/)
    expect(await ended).toEqual({ code: 0, signal: null })
  })

  it.each(["SIGTERM", "SIGINT"] as const)("%s: ends a start at once that waits for a silent store, with 0", async (signal) => {
    const silent = createServer()
    const asked = once(silent, "connection")
    silent.listen(0, "127.0.0.1")
    await once(silent, "listening")
    onTestFinished(() => void silent.close())
    const REDIS_URL = `redis://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const { child, ended, stdout, stderr } = spawnService({
      cwd: temporaryFolder(),
      env: { REDIS_URL, COATCHECK_API_KEY: KEY, COATCHECK_STORE_TIMEOUT: "60s" },
    })
    const [socket] = (await asked) as [Socket]
    const left = once(socket.resume(), "close")
    child.kill(signal)
    expect([await ended, stdout(), stderr()]).toEqual([{ code: 0, signal: null }, "", ""])
    await left
  })

  it("does not wait for a store that does not answer", async () => {
    await using server = await startServer({ kind: "redis" })
    const { child, ended, origin } = await startService({
      cwd: temporaryFolder(),
      env: { REDIS_URL: `redis://127.0.0.1:${server.port}`, COATCHECK_API_KEY: KEY },
    })
    server.pause()
    expect((await ask(origin, KEY, "GET", "/readyz")).status).toBe(503)
    child.kill("SIGTERM")
    expect(await ended).toEqual({ code: 0, signal: null })
  })

  it("what does not finish is cut off when the time is up", async () => {
    const server = createHttpServer(() => new Promise<Response>(() => {}))
    server.listen(0, "127.0.0.1")
    await expect.poll(() => server.address()).not.toBeNull()
    const { port } = server.address() as { port: number }
    const request = fetch(`http://127.0.0.1:${port}/`).catch(() => "cut off")
    await expect.poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count)))).toBe(1)
    expect(await drain(server, 200)).toBe(false)
    expect(await request).toBe("cut off")
  })

  it("kill -9 loses no session that was acknowledged", async () => {
    const cwd = temporaryFolder()
    const first = await startService({ cwd })
    const key = keyIn(cwd)
    const acknowledged: { readonly token: string; readonly n: number }[] = []
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; ; n++) {
        const made = await ask(first.origin, key, "POST", "/v1/sessions", { json: { userId: `user-${writer}`, attributes: { n } } }).catch(() => null)
        if (made === null) return
        expect(made.status).toBe(201)
        acknowledged.push({ token: made.body.token, n })
      }
    })
    await expect.poll(() => acknowledged.length, { timeout: 10_000 }).toBeGreaterThan(50)
    first.child.kill("SIGKILL")
    expect((await first.ended).signal).toBe("SIGKILL")
    await Promise.all(writers)
    const second = await startService({ cwd })
    expect(keyIn(cwd)).toBe(key)
    for (const { token, n } of acknowledged) {
      expect(await ask(second.origin, key, "GET", "/v1/session", { token })).toMatchObject({ status: 200, body: { session: { attributes: { n } } } })
    }
  })
})

describe("secrets", () => {
  it("are in nothing that the process prints, whatever it is sent, wherever it is sent", async () => {
    const password = "correct-horse-battery"
    await using server = await startServer({ kind: "redis", args: ["--requirepass", password] })
    const cwd = temporaryFolder()
    mkdirSync(join(cwd, ".coatcheck"), { mode: 0o700 })
    const env = { REDIS_URL: `redis://:${password}@127.0.0.1:${server.port}`, COATCHECK_API_KEY: KEY, COATCHECK_LOG_LEVEL: "debug" }
    const { origin, stdout, stderr, child, ended } = await startService({ cwd, env })
    const told: string[] = []
    const send = async (...call: [string, string, Parameters<typeof ask>[4]?]) => {
      const answer = await ask(origin, KEY, ...call)
      if (answer.status >= 400) told.push(answer.text)
      return answer
    }
    const made = [
      await send("POST", "/v1/sessions", { json: { userId: "ada" } }),
      await send("POST", "/v1/sessions", { json: { userId: "ada", maxSessionsPerUser: 1 } }),
    ]
    const tokens: string[] = made.map(({ body }) => body.token)
    const [evicted = "", token = ""] = tokens
    const secrets = [...tokens.map((text) => text.split(".").at(-1) ?? text), KEY, password]
    const rotated = await send("POST", "/v1/session/rotate", { token })
    secrets.push(rotated.body.token.split(".").at(-1))
    const wrong = `${token.slice(0, -4)}AAAA`
    for (const text of [evicted, token, wrong, KEY, password]) {
      await send("GET", "/v1/session", { token: text })
      await send("POST", "/v1/session/rotate", { token: text, json: { grace: text } })
      await send("GET", `/v1/users/${text}/sessions?cursor=${text}`)
      await send("GET", `/v1/users/ada/sessions?${text}=1`)
      await send("DELETE", `/v1/users/ada/sessions/${text}`)
      await send("POST", "/v1/users/ada/sign-out", { json: { except: text } })
      await send("POST", "/v1/sessions", { json: { [text]: text } })
      await send("POST", "/v1/sessions", { json: { userId: text.repeat(20), device: { label: text.repeat(20) } } })
      await send("PATCH", "/v1/session", { token, json: { attributes: {} }, headers: { "If-Match": text } })
      await send("GET", `/${text}`)
      await send("GET", `/v1/session?token=${text}`, { token })
      if (text.length > 36) await send("GET", "/livez", { headers: { "X-Request-Id": text } })
      await fetch(`${origin}/v1/session`, { headers: { Authorization: `Bearer ${text}x` } }).then(async (answer) => told.push(await answer.text()))
    }
    await server.kill9()
    await send("GET", "/v1/session", { token })
    child.kill("SIGTERM")
    await ended
    const printed = stdout() + stderr() + told.join("\n")
    expect(printed.length).toBeGreaterThan(5_000)
    expect(secrets.filter((secret) => secret === undefined || printed.includes(secret))).toEqual([])
  })
})
