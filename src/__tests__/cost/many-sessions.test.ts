import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Monitor, startMonitor } from "../support/monitor.js"
import { LEASE_COMMANDS } from "../support/near-cache-mode.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { type HookedService, hookedService, indexKeyOf, type RawClient, rawClient } from "../support/services-under-watch.js"

const LISTING = ["EVALSHA", "MGET"]

describe.each(SERVER_KINDS)("with many sessions on %s", (kind) => {
  let server: TestServer
  let monitor: Monitor
  let made: HookedService
  let raw: RawClient
  beforeAll(async () => {
    server = await startServer({ kind })
    monitor = await startMonitor(server.port)
    made = await hookedService(server.url)
    raw = await rawClient(server.url)
    await create(60, () => "listed")
    await made.service.getUserSessions("listed")
  })
  afterAll(async () => {
    await made.service.close()
    monitor.stop()
    raw.close()
    await server.stop()
  })

  async function create(count: number, userId: (n: number) => string): Promise<void> {
    for (let from = 0; from < count; from += 100) {
      await Promise.all(Array.from({ length: Math.min(100, count - from) }, (_unused, n) => made.service.createSession({ userId: userId(from + n) })))
    }
  }
  async function cost(work: () => Promise<unknown>): Promise<{ readonly sent: readonly string[]; readonly steps: readonly string[] }> {
    await monitor.take()
    const before = made.redis.calls.length
    await work()
    const all = await monitor.take()
    return { sent: all.filter(({ inScript, name }) => !inScript && !LEASE_COMMANDS.has(name)).map(({ name }) => name), steps: made.redis.names(before) }
  }
  async function list(): Promise<{ readonly sent: readonly string[]; readonly sessions: number }> {
    let sessions = 0
    const { sent } = await cost(async () => {
      sessions = (await made.service.getUserSessions("listed")).sessions.length
    })
    return { sent, sessions }
  }

  it("listing goes by thousands of ended sessions in at most twenty round trips, and by more of them with the next page", async () => {
    const userId = "churning"
    const { session } = await made.service.createSession({ userId })
    const index = indexKeyOf("", userId)
    const newest = (await raw.now()) * 1_000
    const ended = (n: number): readonly [number, string] => [Math.round(newest) + n, `${String(n).padStart(21, "e")}A`]
    for (let from = 0; from < 10_000; from += 1_000) await raw.send("ZADD", index, ...Array.from({ length: 1_000 }, (_unused, n) => ended(from + n)).flat())
    const pages: { readonly sessions: readonly string[]; readonly cursor: string | undefined }[] = []
    do {
      const { sent } = await cost(async () => {
        const page = await made.service.getUserSessions(userId, { cursor: pages.at(-1)?.cursor })
        pages.push({ sessions: page.sessions.map(({ sessionId }) => sessionId), cursor: page.cursor })
      })
      expect(sent.length).toBeLessThanOrEqual(20)
    } while (pages.at(-1)?.cursor !== undefined && pages.length < 10)
    expect(pages.length).toBe(3)
    expect(pages.flatMap(({ sessions }) => sessions)).toEqual([session.sessionId])
  })

  it("listing 50 of a user's sessions takes two round trips, however many there are", async () => {
    expect(await list()).toEqual({ sent: LISTING, sessions: 50 })
    await create(10, (n) => `other ${n}`)
    expect(await list()).toEqual({ sent: LISTING, sessions: 50 })
    await create(5_000, (n) => `other ${n}`)
    expect(await list()).toEqual({ sent: LISTING, sessions: 50 })
    await create(2_000, () => "listed")
    expect(await list()).toEqual({ sent: LISTING, sessions: 50 })
    let cursor: string | undefined
    let seen = 0
    const pages = await cost(async () => {
      for (let page = 0; page < 3; page += 1) {
        const answer = await made.service.getUserSessions("listed", { limit: 200, ...(cursor === undefined ? {} : { cursor }) })
        cursor = answer.cursor
        seen += answer.sessions.length
      }
    })
    expect(seen).toBe(600)
    expect(pages.sent).toEqual([...LISTING, ...LISTING, ...LISTING])
  })

  // The first page of 500 comes with the cut-off; each further one begins with the last member of the one before, and a full one is followed by another.
  it.each([
    { count: 0, age: "none", pages: 1, steps: 0 },
    { count: 1, age: "seconds", pages: 1, steps: 1 },
    { count: 5, age: "no time", pages: 1, steps: 1 },
    { count: 499, age: "seconds", pages: 1, steps: 4 },
    { count: 1_000, age: "seconds", pages: 3, steps: 4 + 4 + 1 },
    { count: 1_000, age: "no time", pages: 3, steps: 4 + 4 + 1 },
  ])("signing $count sessions of the age of $age out everywhere goes over their list once", async ({ count, age, pages, steps }) => {
    const userId = `everywhere ${count} ${age}`
    await create(count, () => userId)
    const index = indexKeyOf("", userId)
    if (age === "seconds") {
      const members = await raw.scores(index)
      await raw.send("ZADD", index, "XX", ...members.flatMap(({ id, score }) => [score - 10_000_000, id]))
    }
    const before = made.redis.calls.length
    expect(await made.service.deleteUserSessions(userId)).toBe(count)
    // Lists of other users may be pruned meanwhile, and their ends repeated.
    const taken = made.redis.calls.slice(before).filter(({ name, keys }) => keys[0] === index && name !== "index-prune")
    const times = (name: string): number => taken.filter((call) => call.name === name).length
    expect(taken[0]?.name).toBe("index-cutoff")
    expect({ pages: times("index-cutoff") + times("index-page"), steps: times("index-end") }).toEqual({ pages, steps })
    expect(taken).toHaveLength(pages + steps)
  })

  it("nothing ever walks the keyspace but a cleanup and a thorough sign-out", async () => {
    const { service } = made
    const everyday = await cost(async () => {
      const { token, session } = await service.createSession({ userId: "everyday", maxSessionsPerUser: 2 })
      await service.getSession(token)
      await service.updateSession(token, { a: 1 })
      await service.extendSession(token, "1h")
      const rotated = await service.rotateSession(token)
      await service.updateUserSession("everyday", session.sessionId, { a: 2 })
      await service.getUserSessions("everyday")
      await service.deleteUserSession("everyday", session.sessionId)
      await service.deleteSession(rotated?.token)
      await service.deleteUserSessions("everyday")
      await service.ping()
    })
    expect(everyday.sent.length).toBeGreaterThan(10)
    const walks = (sent: readonly string[]): string[] => sent.filter((name) => /^(KEYS|SCAN|RANDOMKEY|DBSIZE)$/.test(name))
    expect(walks(everyday.sent)).toEqual([])
    const thorough = await cost(() => service.deleteUserSessions("everyday", { thorough: true }))
    expect(new Set(walks(thorough.sent))).toEqual(new Set(["SCAN"]))
    const cleanup = await cost(() => service.cleanupExpiredSessions({ maxPerSecond: 10_000_000, signal: AbortSignal.timeout(1_000) }))
    expect(new Set(walks(cleanup.sent))).toEqual(new Set(["SCAN"]))
    expect(cleanup.sent).not.toContain("KEYS")
  })
})
