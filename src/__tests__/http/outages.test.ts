import { randomUUID } from "node:crypto"
import { describe, expect, it, onTestFinished } from "vitest"
import { createSessionService } from "../../exports/index.js"
import { askServer, SERVER_KINDS, startSentinels, startServer, type TestServer } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"
import { type Answer, type Attributes, type VisitedApplication, visitedApplication } from "./visited-application.js"

const TIMEOUT_MS = 500
/** A call ends by its deadline; the rest is what a loaded machine may take. */
const AT_MOST_MS = TIMEOUT_MS + 5_000
const UNAVAILABLE = { status: 503, cookie: undefined, retryAfter: expect.stringMatching(/^[1-9]\d*$/) }

expectNoUnhandledRejections()

async function server(kind: "redis" | "valkey", ...args: readonly string[]): Promise<TestServer> {
  const started = await startServer({ kind, args })
  onTestFinished(() => started.stop())
  return started
}

async function application(store: string): Promise<VisitedApplication> {
  const sessions = await createSessionService<Attributes>({ store, keyPrefix: `http-outages-${randomUUID()}:`, timeout: `${TIMEOUT_MS}ms` })
  const visited = await visitedApplication(sessions)
  onTestFinished(async () => {
    await visited[Symbol.asyncDispose]()
    await sessions.close()
  })
  return visited
}

/** Everything an application does with sessions, at once; each answer with how long it took. */
async function askEverything(visited: VisitedApplication, cookie: string): Promise<readonly (Answer & { readonly ms: number })[]> {
  const requests = [
    ["GET", "/me"],
    ["POST", "/visit"],
    ["POST", "/step-up"],
    ["POST", "/sign-out"],
  ] as const
  return Promise.all(
    requests.map(async ([method, path]) => {
      const began = performance.now()
      return { ...(await visited.ask(method, path, cookie)), ms: performance.now() - began }
    }),
  )
}

async function expectUnavailable(visited: VisitedApplication, cookie: string): Promise<void> {
  const answers = await askEverything(visited, cookie)
  expect(answers).toEqual(answers.map(() => expect.objectContaining(UNAVAILABLE)))
  for (const { ms } of answers) expect(ms).toBeLessThan(AT_MOST_MS)
  expect(await visited.ask("POST", "/sign-in?user=mallory")).toMatchObject(UNAVAILABLE)
}

const KEPT = ["--appendonly", "yes", "--appendfsync", "always"]

describe.each(SERVER_KINDS)("an outage of %s", (kind) => {
  it("a store that was killed lets nobody in and logs nobody out", async () => {
    const store = await server(kind, ...KEPT)
    const visited = await application(store.url)
    const cookie = await visited.signIn("ada")
    await store.kill9()
    await expectUnavailable(visited, cookie)
    await store.restart()
    await expect.poll(() => visited.ask("GET", "/me", cookie), { timeout: 20_000 }).toMatchObject({ status: 200, body: "ada" })
  })

  it("a store that is paused lets nobody in and logs nobody out", async () => {
    const store = await server(kind)
    const visited = await application(store.url)
    const cookie = await visited.signIn("ada")
    store.pause()
    await expectUnavailable(visited, cookie)
    store.resume()
    await expect.poll(() => visited.ask("GET", "/me", cookie), { timeout: 20_000 }).toMatchObject({ status: 200, body: "ada" })
    // What was asked of the paused store comes too late to do anything: the sign-out was not acknowledged.
    expect(await visited.ask("POST", "/visit", cookie)).toMatchObject({ status: 200, body: "1" })
  })

  it("a store that is full signs nobody in, and goes on with whoever is", async () => {
    const store = await server(kind, "--maxmemory-policy", "noeviction")
    const visited = await application(store.url)
    const cookie = await visited.signIn("ada")
    expect(await askServer(store.port, "CONFIG SET maxmemory 1")).toContain("OK")
    expect(await visited.ask("POST", "/sign-in?user=grace")).toMatchObject(UNAVAILABLE)
    expect(await visited.ask("GET", "/me", cookie)).toMatchObject({ status: 200, body: "ada", cookie: undefined })
    expect(await visited.ask("POST", "/sign-out", cookie)).toMatchObject({ status: 200, body: "1", cookie: "" })
    expect((await visited.ask("GET", "/me", cookie)).status).toBe(401)
  })

  it("a store that no longer lets the application in logs nobody out", async () => {
    const store = await server(kind)
    const visited = await application(store.url)
    const cookie = await visited.signIn("ada")
    expect(await askServer(store.port, "ACL SETUSER default -@all +acl")).toContain("OK")
    await expectUnavailable(visited, cookie)
    expect(await askServer(store.port, "ACL SETUSER default +@all")).toContain("OK")
    expect(await visited.ask("GET", "/me", cookie)).toMatchObject({ status: 200, body: "ada" })
  })

  it("while a replica takes over, nobody is logged out", async () => {
    const group = await startSentinels(kind)
    onTestFinished(() => group.stop())
    const sentinels = group.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")
    const visited = await application(`redis+sentinel://${sentinels}/${group.primaryName}`)
    const cookie = await visited.signIn("ada")
    await expect.poll(() => askServer(group.replicas[0]?.port ?? 0, "DBSIZE"), { timeout: 10_000 }).not.toBe(":0")
    await expect.poll(() => askServer(group.replicas[1]?.port ?? 0, "DBSIZE"), { timeout: 10_000 }).not.toBe(":0")
    await group.primary.kill9()
    const statuses: number[] = []
    const look = async (): Promise<number> => {
      const { status, cookie: set } = await visited.ask("GET", "/me", cookie)
      statuses.push(set === undefined ? status : -1)
      return status
    }
    await expect.poll(look, { timeout: 30_000 }).toBe(503)
    await expect.poll(look, { timeout: 60_000 }).toBe(200)
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(await visited.ask("POST", "/sign-out", cookie)).toMatchObject({ status: 200, body: "1" })
    expect((await visited.ask("GET", "/me", cookie)).status).toBe(401)
  }, 150_000)
})
