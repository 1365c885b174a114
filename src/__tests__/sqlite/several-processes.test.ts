import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { compileSources } from "./compiled-sources.js"
import { startProcess } from "./processes.js"
import { type SessionFile, sessionFile } from "./session-file.js"

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
  it("a change waits for it without blocking the event loop", async () => {
    await using file = sessionFile()
    const sessions = await file.open({ timeout: "10s" })
    const gaps: number[] = []
    // The machine itself may stall for a moment; a wait inside SQLite would stall each time.
    for (let round = 0; round < 3; round += 1) gaps.push(await longestGapDuringALock(file, () => sessions.createSession({ userId: "ada" })))
    expect(Math.min(...gaps)).toBeLessThan(20)
    expect((await sessions.getUserSessions("ada", { limit: 200 })).sessions).toHaveLength(150)
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

/** Has another process keep the lock for half a second while fifty changes wait. @returns the longest time between two turns of the event loop, in milliseconds */
async function longestGapDuringALock(file: SessionFile, change: () => Promise<unknown>): Promise<number> {
  await using holder = startProcess(sources.folder, "holds", { file: file.path, milliseconds: 500 })
  expect(await holder.next()).toEqual({ holding: true })
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  let waiting = 50
  const changes = Array.from({ length: 50 }, () => change().then(() => (waiting -= 1)))
  const released = holder.next().then((line) => expect(line).toEqual({ released: true }))
  await new Promise((resolve) => setTimeout(resolve, 400))
  expect(waiting).toBe(50)
  clearInterval(timer)
  await Promise.all([...changes, released])
  return longest
}
