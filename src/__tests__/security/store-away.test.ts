import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { type AttackedApp, OPEN_TO_ALL, PROTECTED, startApp } from "./attacked-app.js"
import { type Answer, Visitor } from "./visitor.js"

const TIMEOUT_MS = 500
/** Answers come when the call's deadline is over; a machine that is busy takes longer to send them. */
const AT_MOST_MS = 5_000

describe.each(SERVER_KINDS)("while %s is away", (kind) => {
  let server: TestServer
  let app: AttackedApp
  let ada: Visitor
  beforeEach(async () => {
    server = await startServer({ kind, args: ["--appendonly", "yes", "--appendfsync", "always"] })
    app = await startApp({ service: { store: server.url, timeout: `${TIMEOUT_MS}ms` } })
    ada = new Visitor(app.url)
    await ada.signIn("ada")
  })
  afterEach(async () => {
    await app.close()
    await server.stop()
  })

  /** No request is let in, nobody is told that they are signed out, and nobody waits for long. */
  function expectUnavailable(answer: Answer, since: number): void {
    expect([answer.status, answer.setCookies, answer.json.retryable]).toEqual([503, [], true])
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0)
    expect(answer.text).not.toMatch(/redis|valkey|127\.0\.0\.1|ECONN/i)
    expect(performance.now() - since).toBeLessThan(AT_MOST_MS)
  }

  async function expectNothingIsLost(): Promise<void> {
    const token = await ada.token()
    for (const [method, path] of [...PROTECTED, ["GET", "/me"] as const, ...OPEN_TO_ALL.filter(([, path]) => !path.startsWith("/guest"))]) {
      const since = performance.now()
      expectUnavailable(await ada.send(method, path), since)
    }
    expect(await ada.token()).toBe(token)
  }

  it.each([
    ["dead", (victim: TestServer) => victim.kill9(), (victim: TestServer) => victim.restart()],
    ["silent", async (victim: TestServer) => victim.pause(), async (victim: TestServer) => victim.resume()],
  ] as const)(
    "because it is %s: 503 on every route, nobody is signed out, and a sign-out is not said to be done",
    { timeout: 60_000 },
    async (_how, stop, start) => {
      const copied = await ada.token()
      await stop(server)
      await expectNothingIsLost()
      await start(server)

      await expect.poll(async () => (await ada.send("GET", "/private")).status, { timeout: 20_000 }).toBe(200)
      expect(await ada.token()).toBe(copied)
      // With a near-cache reads have a connection of their own, which may be back before that of everything else.
      await expect.poll(async () => (await new Visitor(app.url).signIn("bob")).status, { timeout: 20_000 }).toBe(200)
      expect((await ada.send("POST", "/sign-out")).status).toBe(200)
      expect((await app.sessions.getSession(copied)) === null).toBe(true)
    },
  )

  it("because it takes no writes: sessions go on, sign-ins are 503, and a sign-out still works", async () => {
    await app.elsewhere.createSession({ userId: "fill" })
    const { createClient } = await import("@redis/client")
    const client = await createClient({ url: server.url }).connect()
    await client.sendCommand(["CONFIG", "SET", "maxmemory", "1"])
    expect((await ada.send("GET", "/private")).status).toBe(200)
    const since = performance.now()
    const refused = await new Visitor(app.url).signIn("eve")
    expect([refused.status, refused.setCookies]).toEqual([503, []])
    expect(performance.now() - since).toBeLessThan(AT_MOST_MS)
    const copied = await ada.token()
    expect((await ada.send("POST", "/sign-out")).status).toBe(200)
    expect(await app.sessions.getSession(copied)).toBeNull()
    client.destroy()
  })
})
