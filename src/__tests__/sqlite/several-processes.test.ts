import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import { loadDriver } from "../../infrastructure/sqlite/drivers.js"
import { compileSources } from "./compiled-sources.js"
import { startProcess } from "./processes.js"
import { sessionFile } from "./session-file.js"

let sources: ReturnType<typeof compileSources>
beforeAll(() => {
  sources = compileSources()
})
afterAll(() => sources.remove())

describe("several processes on one session file", () => {
  it("lose no update of one session", async () => {
    await using file = sessionFile()
    const sessions = await file.open()
    const { token } = await sessions.createSession({ userId: "ada", attributes: { count: 0 } })
    const work = { file: file.path, token, times: 50, parallel: 3 }
    await using one = startProcess(sources.folder, "increments", work)
    await using other = startProcess(sources.folder, "increments", work)
    for (const process of [one, other]) expect(await process.next()).toEqual({ ready: true })
    for (const process of [one, other]) process.begin()
    for (const process of [one, other]) expect(await process.next()).toEqual({ done: 150 })
    const session = await sessions.getSession(token)
    expect(session?.attributes).toEqual({ count: 300 })
    expect(session?.version).toBe(301)
  })

  it("keep a limit together, and tell each eviction once", async () => {
    await using file = sessionFile()
    const sessions = await file.open()
    const work = { file: file.path, userId: "ada", times: 100, limit: 5 }
    await using one = startProcess(sources.folder, "logins", work)
    await using other = startProcess(sources.folder, "logins", work)
    for (const process of [one, other]) expect(await process.next()).toEqual({ ready: true })
    for (const process of [one, other]) process.begin()
    const made = [...(await one.next()).made, ...(await other.next()).made] as { readonly sessionId: string; readonly evicted: readonly string[] }[]
    const listed = (await sessions.getUserSessions("ada")).sessions.map((session) => session.sessionId as string)
    expect(listed).toHaveLength(5)
    const evicted = made.flatMap((login) => login.evicted)
    expect(evicted).toHaveLength(195)
    expect(new Set([...evicted, ...listed])).toEqual(new Set(made.map((login) => login.sessionId)))
  })

  it("open a new file at the same moment", async () => {
    await using file = sessionFile()
    const opening = Array.from({ length: 4 }, () => startProcess(sources.folder, "open", { file: file.path }))
    for (const process of opening) expect(await process.next()).toEqual({ opened: true })
    await Promise.all(opening.map((process) => process.kill9()))
  })

  it("killed in the middle of a write, twenty times, keep every session that was acknowledged", { timeout: 60_000 }, async () => {
    await using file = sessionFile()
    const acknowledged: string[] = []
    for (let round = 0; round < 20; round += 1) {
      await using writer = startProcess(sources.folder, "writes", { file: file.path })
      for (let seen = 0; seen < 5 + round * 3; seen += 1) acknowledged.push((await writer.next()).token)
      acknowledged.push(...(await writer.kill9()).map((line) => line.token as string))
    }
    expect(acknowledged.length).toBeGreaterThan(600)
    const sessions = await file.open()
    for (const token of acknowledged) expect((await sessions.getSession(token))?.attributes.acknowledged).toBe(true)
    expect(await file.raw((db) => db.all("PRAGMA integrity_check", []))).toEqual([{ integrity_check: "ok" }])
  })
})

describe("while another process is writing", () => {
  it("fifty changes wait for it without blocking the event loop", async () => {
    await using file = sessionFile()
    const sessions = await file.open({ timeout: "10s" })
    await using holder = startProcess(sources.folder, "holds", { file: file.path, milliseconds: 1_500 })
    expect(await holder.next()).toEqual({ holding: true })
    let waiting = 50
    const changes = Array.from({ length: waiting }, () => sessions.createSession({ userId: "ada" }).then(() => (waiting -= 1)))
    const loop = await watchEventLoop(1_000)
    expect(waiting).toBe(50)
    // A wait inside SQLite would be all gaps: nothing would ever be idle. Of a busy machine's own stalls there are a few.
    expect(loop.idle).toBeGreaterThan(0.3)
    expect(loop.usualGap).toBeLessThan(20)
    expect(await holder.next()).toEqual({ released: true })
    await Promise.all(changes)
    expect((await sessions.getUserSessions("ada")).sessions).toHaveLength(50)
  })

  it("reads are answered at once", async () => {
    await using file = sessionFile()
    const sessions = await file.open()
    const { token } = await sessions.createSession({ userId: "ada" })
    await using holder = startProcess(sources.folder, "holds", { file: file.path, milliseconds: 20_000 })
    expect(await holder.next()).toEqual({ holding: true })
    expect((await sessions.getSession(token))?.userId).toBe("ada")
    expect((await sessions.getUserSessions("ada")).sessions).toHaveLength(1)
    await sessions.ping()
  })

  it("reads show what the other one wrote, also after a change that waited in vain", async () => {
    await using file = sessionFile()
    const [service, other] = [await file.open({ timeout: "50ms" }), await file.open()]
    const { token } = await other.createSession({ userId: "ada" })
    const writer = (await loadDriver()).open(file.path)
    writer.execute("BEGIN IMMEDIATE")
    await expect(service.updateSession(token, { n: 1 })).rejects.toMatchObject({ retryable: true })
    expect((await service.getSession(token))?.version).toBe(1)
    writer.execute("ROLLBACK")
    writer.close()
    expect(await other.deleteSession(token)).toBe(true)
    expect(await service.getSession(token)).toBeNull()
    expect((await service.getUserSessions("ada")).sessions).toEqual([])
  })

  it("a sign-out everywhere that another one stops halfway does not say that nothing was changed", async () => {
    await using file = sessionFile()
    const writer = (await loadDriver()).open(file.path)
    let ended = 0
    const onEvent = ({ type }: SessionEvent): void => {
      if (type === "ended" && ++ended === 1) writer.execute("BEGIN IMMEDIATE")
    }
    const sessions = await file.open({ timeout: "100ms", onEvent })
    for (let made = 0; made < 600; made += 1) await sessions.createSession({ userId: "ada" })
    await expect(sessions.deleteUserSessions("ada")).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "unknown" })
    writer.execute("ROLLBACK")
    writer.close()
    const left = 600 - ended
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(600)
    expect(await sessions.deleteUserSessions("ada")).toBe(left)
  })

  it("a change that has waited for its time is not applied, and one that is called off rejects with the signal's reason", async () => {
    await using file = sessionFile()
    const sessions = await file.open({ timeout: "200ms", touchInterval: 0 })
    const { token } = await sessions.createSession({ userId: "ada" })
    await using holder = startProcess(sources.folder, "holds", { file: file.path, milliseconds: 20_000 })
    expect(await holder.next()).toEqual({ holding: true })
    const unavailable = { code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied", retryable: true }
    const begun = performance.now()
    await expect(sessions.createSession({ userId: "ada" })).rejects.toMatchObject(unavailable)
    expect(performance.now() - begun).toBeGreaterThanOrEqual(195)
    await expect(sessions.deleteSession(token)).rejects.toMatchObject(unavailable)
    // The session is good; only its deadline could not be moved.
    expect((await sessions.getSession(token))?.userId).toBe("ada")
    const reason = new Error("enough")
    const controller = new AbortController()
    const aborted = sessions.deleteSession(token, { signal: controller.signal })
    setTimeout(() => controller.abort(reason), 20)
    await expect(aborted).rejects.toBe(reason)
    await holder.kill9()
    expect((await sessions.getUserSessions("ada")).sessions).toHaveLength(1)
    expect(await sessions.deleteSession(token)).toBe(true)
  })
})

/** @returns the part of a span of time in which the event loop had nothing to do, and the median of the gaps between its turns, in milliseconds */
async function watchEventLoop(milliseconds: number): Promise<{ readonly idle: number; readonly usualGap: number }> {
  const gaps: number[] = []
  const before = performance.eventLoopUtilization()
  const until = performance.now() + milliseconds
  for (let last = performance.now(); last < until; ) {
    await new Promise((resolve) => setTimeout(resolve, 1))
    const now = performance.now()
    gaps.push(now - last)
    last = now
  }
  const idle = 1 - performance.eventLoopUtilization(before).utilization
  gaps.sort((a, b) => a - b)
  return { idle, usualGap: gaps[Math.floor(gaps.length / 2)] ?? Number.POSITIVE_INFINITY }
}
