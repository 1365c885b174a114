import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type MonitoredCommand, startMonitor } from "../support/monitor.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import {
  type HookedService,
  hookedService,
  indexKeyOf,
  type RawClient,
  randomPrefix,
  rawClient,
  sessionKeyOf,
  sessionsPatternOf,
} from "../support/services-under-watch.js"
import { type Login, type SessionWorker, startWorkers } from "../support/session-workers.js"

/** How many sessions there were after each script; within one, nobody sees anything. */
function mostAfterEachScript(commands: readonly MonitoredCommand[]): { readonly created: number; readonly most: number } {
  const alive = new Set<string>()
  let created = 0
  let most = 0
  for (const { name, args, inScript } of commands) {
    if (!inScript) most = Math.max(most, alive.size)
    else if (name === "SET" && args[0] !== undefined) {
      created += 1
      alive.add(args[0])
    } else if (name === "UNLINK") for (const key of args) alive.delete(key)
  }
  return { created, most: Math.max(most, alive.size) }
}

describe.each(SERVER_KINDS)("on %s, with four processes", (kind) => {
  const keyPrefix = randomPrefix()
  let server: TestServer
  let workers: SessionWorker[] = []
  let watcher: HookedService
  let raw: RawClient
  beforeAll(async () => {
    server = await startServer({ kind })
    workers = await startWorkers({ port: server.port, options: { keyPrefix } })
    watcher = await hookedService(server.url, { keyPrefix })
    raw = await rawClient(server.url)
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    await watcher.service.close()
    raw.close()
    await server.stop()
  })

  beforeEach(async () => {
    await Promise.all(workers.map((worker) => worker.ended()))
  })

  const idsAlive = async (userId: string): Promise<string[]> =>
    (await raw.keys(sessionsPatternOf(keyPrefix, userId))).map((key) => key.slice(`${keyPrefix}session:`.length).replace(/[{}]/g, "")).sort()

  /** Counts the user's sessions again and again, each time at one instant, until the work is done. */
  async function mostDuring(userId: string, work: Promise<unknown>): Promise<{ readonly most: number; readonly samples: number }> {
    let done = false
    let samples = 0
    let most = 0
    const counting = (async () => {
      while (!done) {
        most = Math.max(most, (await raw.keys(sessionsPatternOf(keyPrefix, userId))).length)
        samples += 1
      }
    })()
    await work.finally(() => {
      done = true
    })
    await counting
    return { most, samples }
  }

  /** What is said of every crowd of sign-ins: who is not alive was reported as evicted, once. */
  async function expectAccounted(userId: string, made: readonly Login[], alive: number): Promise<void> {
    const evicted = made.flatMap((login) => login.evicted)
    const left = await idsAlive(userId)
    expect(left).toHaveLength(alive)
    expect(new Set(evicted).size).toBe(evicted.length)
    expect([...evicted, ...left].sort()).toEqual(made.map(({ sessionId }) => sessionId).sort())
    const heard = (await Promise.all(workers.map((worker) => worker.ended()))).flat()
    expect(heard.every(({ reason }) => reason === "evicted")).toBe(true)
    expect(heard.map(({ sessionId }) => sessionId).sort()).toEqual([...evicted].sort())
    const scores = (await raw.send("ZRANGE", indexKeyOf(keyPrefix, userId), 0, -1)) as string[]
    for (const id of left) expect(scores).toContain(id.slice(4))
  }

  it("200 parallel logins with a limit of 5 leave exactly 5, at no instant more, each eviction reported once", async () => {
    const userId = "crowd"
    const monitor = await startMonitor(server.port)
    const logins = Promise.all(workers.map((worker) => worker.logins({ userId, maxSessionsPerUser: 5 }, 50, 50)))
    const { most, samples } = await mostDuring(userId, logins)
    const made = (await logins).flatMap((result) => result.made)
    expect(made).toHaveLength(200)
    expect(samples).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(5)
    // Not by samples alone: what each script of the server did, one after the other, says how many there were at every instant.
    expect(mostAfterEachScript(await monitor.take())).toEqual({ created: 200, most: 5 })
    monitor.stop()
    await expectAccounted(userId, made, 5)
  })

  it("1 200 logins of one user with a limit of 5 find their way through the remembered dead", async () => {
    const userId = "many"
    const logins = Promise.all(workers.map((worker) => worker.logins({ userId, maxSessionsPerUser: 5 }, 300, 30)))
    const { most } = await mostDuring(userId, logins)
    const made = (await logins).flatMap((result) => result.made)
    expect(made).toHaveLength(1_200)
    expect(most).toBeLessThanOrEqual(5)
    await expectAccounted(userId, made, 5)
  })

  it("a limit lowered from none to 5 with 1 200 sessions ends all but the newest", async () => {
    const userId = "lowered"
    const made = (await Promise.all(workers.map((worker) => worker.logins({ userId }, 300, 30)))).flatMap((result) => result.made)
    expect(await idsAlive(userId)).toHaveLength(1_200)
    const last = await workers[0]?.logins({ userId, maxSessionsPerUser: 5 }, 1, 1)
    expect(last?.made[0]?.evicted).toHaveLength(1_196)
    await expectAccounted(userId, [...made, ...(last?.made ?? [])], 5)
    const { sessions } = await watcher.service.getUserSessions(userId)
    expect(sessions[0]?.sessionId).toBe(last?.made[0]?.sessionId)
    // Evicted were the oldest.
    const byAge = sessions.map(({ createdAt }) => createdAt.getTime())
    const gone = new Set(last?.made[0]?.evicted)
    const oldest = Math.min(...byAge)
    expect(sessions.every(({ sessionId }) => !gone.has(sessionId))).toBe(true)
    expect((await watcher.service.getUserSessions(userId)).sessions.filter(({ createdAt }) => createdAt.getTime() < oldest)).toEqual([])
  })

  it("a limit beyond a page holds: 650 logins with a limit of 600", async () => {
    const userId = "six hundred"
    const logins = Promise.all(workers.map((worker, n) => worker.logins({ userId, maxSessionsPerUser: 600 }, n < 2 ? 163 : 162, 20)))
    const { most } = await mostDuring(userId, logins)
    const made = (await logins).flatMap((result) => result.made)
    expect(most).toBeLessThanOrEqual(600)
    await expectAccounted(userId, made, 600)
  })

  it.each([5, 510])("under reject, a limit of %i lets exactly so many in", async (limit) => {
    const userId = `reject ${limit}`
    const each = Math.ceil((limit + 30) / workers.length)
    const results = await Promise.all(workers.map((worker) => worker.logins({ userId, maxSessionsPerUser: limit, onLimit: "reject" }, each, 10)))
    expect(results.flatMap(({ made }) => made)).toHaveLength(limit)
    const refused = results.flatMap((result) => result.refused)
    expect(refused).toHaveLength(each * workers.length - limit)
    expect(new Set(refused)).toEqual(new Set(["ERR_SESSION_LIMIT"]))
    await expectAccounted(
      userId,
      results.flatMap(({ made }) => made),
      limit,
    )
  })

  it("a sign-out everywhere beside logins ends all before it, and leaves none alive that the list lacks", async () => {
    const userId = "everywhere"
    for (let round = 0; round < 6; round += 1) {
      const before = await watcher.service.createSession({ userId })
      const logins = Promise.all(workers.map((worker) => worker.logins({ userId }, 40, 8)))
      const began = process.hrtime.bigint()
      await watcher.service.deleteUserSessions(userId)
      await watcher.service.deleteUserSessions(userId)
      const made = (await logins).flatMap((result) => result.made)
      const alive = new Set(await idsAlive(userId))
      expect(alive.has(before.session.sessionId)).toBe(false)
      for (const { sessionId, at } of made) if (at < began) expect(alive.has(sessionId)).toBe(false)
      const listed = new Set((await raw.send("ZRANGE", indexKeyOf(keyPrefix, userId), 0, -1)) as string[])
      for (const sessionId of alive) expect(listed.has(sessionId.slice(4))).toBe(true)
    }
    await watcher.service.deleteUserSessions(userId)
    expect(await idsAlive(userId)).toEqual([])
  })

  it("sessions of a user have scores that strictly increase and equal their records'", async () => {
    const userId = "scores"
    await Promise.all(workers.map((worker) => worker.logins({ userId }, 50, 25)))
    const listed = await raw.scores(indexKeyOf(keyPrefix, userId))
    const members = listed.map(({ id }) => id)
    const scores = listed.map(({ score }) => score)
    expect(members).toHaveLength(200)
    expect(scores.every((score, at) => at === 0 || score > (scores[at - 1] ?? 0))).toBe(true)
    const tag = (await idsAlive(userId))[0]?.slice(0, 3) ?? ""
    const records = await Promise.all(members.map((id) => raw.get(sessionKeyOf(keyPrefix, `${tag}.${id}`))))
    expect(records.map((text) => JSON.parse(text ?? "null")?.head[5])).toEqual(scores)
  })
})
