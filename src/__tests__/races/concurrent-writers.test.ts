import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, randomPrefix } from "../support/services-under-watch.js"
import { type SessionWorker, startWorkers } from "../support/session-workers.js"

describe.each(SERVER_KINDS)("on %s, with four processes", (kind) => {
  const keyPrefix = randomPrefix()
  let workers: SessionWorker[] = []
  let watcher: HookedService
  beforeAll(async () => {
    const { port, url } = sharedServer(kind)
    workers = await startWorkers({ port, options: { keyPrefix } })
    watcher = await hookedService(url, { keyPrefix })
  })
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()))
    await watcher.service.close()
  })

  it("64 writers that add one 50 times each end at exactly 3 200", async () => {
    const { token } = await watcher.service.createSession({ userId: "counter", attributes: { count: 0 } })
    await Promise.all(workers.map((worker) => worker.increments(token, 64 / workers.length, 50)))
    const session = await watcher.service.getSession(token)
    expect(session).toMatchObject({ attributes: { count: 3_200 }, version: 3_201 })
  }, 60_000)

  it("parallel writers of different attributes all survive", async () => {
    const { token } = await watcher.service.createSession({ userId: "attributes" })
    const names = Array.from({ length: 40 }, (_unused, n) => `attribute${n}`)
    const shareOf = (worker: number): readonly string[] => names.filter((_name, n) => n % workers.length === worker)
    await Promise.all(workers.map((worker, n) => Promise.all(shareOf(n).map((name) => worker.call("updateSession", token, { [name]: names.indexOf(name) })))))
    const session = await watcher.service.getSession(token)
    expect(session?.attributes).toEqual(Object.fromEntries(names.map((name, n) => [name, n])))
    expect(session?.version).toBe(41)
  })

  it.each([
    { name: "plain", options: {} },
    { name: "without grace", options: { grace: 0 } },
    { name: "with changes", options: { changes: { role: "admin" } } },
  ])("of rotations of one token, $name, one wins and every other is told", async ({ name, options }) => {
    for (let round = 0; round < 12; round += 1) {
      const userId = `rotations ${name} ${round}`
      const { token, session } = await watcher.service.createSession({ userId })
      const outcomes = (await Promise.all(workers.map((worker) => worker.many(2, "rotateSession", token, options)))).flat()
      const won = outcomes.flatMap(({ value }) => value ?? [])
      const told = outcomes.filter(({ value, code }) => code === "ERR_SESSION_CONFLICT" || value === null)
      expect(won).toHaveLength(1)
      expect(told).toHaveLength(outcomes.length - 1)
      expect(won[0]?.session.sessionId).toBe(session.sessionId)
      expect(won[0]?.token).not.toBe(token)
      expect(await watcher.service.getSession(won[0]?.token)).not.toBeNull()
      // One record, hence one session; the replaced token opens it only while its grace lasts.
      const old = await watcher.service.getSession(token)
      expect(old?.sessionId).toBe("grace" in options || "changes" in options ? undefined : session.sessionId)
      expect((await watcher.service.getUserSessions(userId)).sessions).toHaveLength(1)
    }
  })
})
