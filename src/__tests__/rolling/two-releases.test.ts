import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { exportUser, openSession } from "../../exports/auth.js"
import { createSessionService } from "../../exports/index.js"
import { loadDriver } from "../../infrastructure/sqlite/drivers.js"
import { damagedRecord } from "../support/damaged-record.js"
import { type NextRelease, nextRelease } from "../support/next-release.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { rawClient, sessionKeyOf } from "../support/services-under-watch.js"

type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

/** One data set with a way past the library to its records. */
interface DataSet {
  readonly url: string
  read(sessionId: string): Promise<string>
  write(sessionId: string, record: string): Promise<void>
  end(): Promise<void>
}

async function onServer(kind: (typeof SERVER_KINDS)[number]): Promise<DataSet> {
  const server: TestServer = await startServer({ kind })
  const raw = await rawClient(server.url)
  return {
    url: server.url,
    read: async (sessionId) => String(await raw.get(sessionKeyOf("", sessionId))),
    write: async (sessionId, record) => void (await raw.send("SET", sessionKeyOf("", sessionId), record, "KEEPTTL", "XX")),
    end: async () => {
      raw.close()
      await server.stop()
    },
  }
}

async function inFile(): Promise<DataSet> {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-rolling-"))
  const file = join(folder, "sessions.db")
  const { open } = await loadDriver()
  await (await createSessionService({ store: `sqlite:${file}` })).close()
  const raw = open(file)
  return {
    url: `sqlite:${file}`,
    read: async (sessionId) => raw.all<{ readonly record: string }>("SELECT record FROM sessions WHERE handle = ?", [sessionId])[0]?.record ?? "",
    write: async (sessionId, record) => void raw.run("UPDATE sessions SET record = ? WHERE handle = ?", [record, sessionId]),
    end: async () => {
      raw.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const STORES: Readonly<Record<string, () => Promise<DataSet>>> = {
  ...Object.fromEntries(SERVER_KINDS.map((kind) => [kind, () => onServer(kind)])),
  sqlite: inFile,
}

let next: NextRelease
beforeAll(async () => {
  next = await nextRelease()
})
afterAll(() => next.remove())

describe.each(Object.keys(STORES))("two releases side by side on %s", (store) => {
  let data: DataSet
  let both: readonly [Service, Service]
  beforeAll(async () => {
    data = await (STORES[store] ?? inFile)()
    const options = { store: data.url, timeout: "10s", touchInterval: 0 } as const
    both = [await createSessionService<SessionAttributes>(options), await next.createSessionService<SessionAttributes>(options)]
  })
  afterAll(async () => {
    for (const service of both) await service.close()
    await data.end()
  })

  it.each([0, 1])("what one opens the other reads, changes, rotates, lists and ends; nothing is lost (opened by %i)", async (opener) => {
    const [opens, other] = opener === 0 ? both : [both[1], both[0]]
    const userId = randomUUID()
    const made = await opens.createSession({ userId, attributes: { n: 0 }, device: { label: "Laptop" } })
    expect((await data.read(made.session.sessionId)).includes('"later"')).toBe(opener === 1)
    expect(await other.getSession(made.token, { touch: false })).toEqual(made.session)
    expect((await other.updateSession(made.token, { a: 1 }))?.version).toBe(2)
    expect((await opens.extendSession(made.token, "1h"))?.version).toBe(2)
    const rotated = await other.rotateSession(made.token, { grace: "60s" })
    expect((await opens.updateSession(made.token, { b: 2 }))?.attributes).toEqual({ n: 0, a: 1, b: 2 })
    expect((await opens.getSession(rotated?.token))?.device).toEqual({ label: "Laptop" })
    expect((await other.updateSession(rotated?.token ?? "", { c: 3 }))?.version).toBe(4)
    // What only the opener knows is still there after all that the other did.
    if (opener === 1) expect(await data.read(made.session.sessionId)).toContain('"later":{"why":["a field of the next release"]}')
    const second = await other.createSession({ userId, maxSessionsPerUser: 2 })
    const third = await opens.createSession({ userId, maxSessionsPerUser: 2 })
    expect(third.evicted).toEqual([made.session.sessionId])
    expect((await other.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)).toEqual([third.session.sessionId, second.session.sessionId])
    expect(await opens.deleteSession(second.token)).toBe(true)
    expect(await other.getSession(second.token)).toBeNull()
    expect(await other.deleteUserSessions(userId, { thorough: true })).toBe(1)
    expect(await opens.getSession(third.token)).toBeNull()
  })

  it("updates of both at once are all kept", async () => {
    const { token } = await both[0].createSession({ userId: randomUUID(), attributes: { n: 0 } })
    const add = (service: Service) => service.updateSession(token, (own) => ({ n: Number(own.n) + 1 }))
    await Promise.all(Array.from({ length: 20 }, (_unused, n) => add(both[n % 2 === 0 ? 0 : 1])))
    expect(await both[1].getSession(token)).toMatchObject({ attributes: { n: 20 }, version: 21 })
  })

  it("sign-ins and a sign-out everywhere of both at once leave what the list names, and nothing else", async () => {
    const userId = randomUUID()
    const signIn = (service: Service) => service.createSession({ userId }).catch(() => null)
    const early = await Promise.all(both.flatMap((service) => [signIn(service), signIn(service)]))
    const late = both.flatMap((service) => [signIn(service), signIn(service)])
    await Promise.all(both.map((service) => service.deleteUserSessions(userId)))
    const listed = (await both[0].getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)
    for (const session of early) expect(await both[1].getSession(session?.token)).toBeNull()
    for (const session of await Promise.all(late))
      if (session !== null) expect((await both[1].getSession(session.token)) !== null).toBe(listed.includes(session.session.sessionId))
  })

  it("whoever acts for another does so no more while their own session cannot be read, and again when it can", async () => {
    const [service] = both
    const own = await service.createSession({ userId: randomUUID() })
    const acting = await service.createSession({ userId: "ada", impersonatorId: own.session.userId ?? "", impersonatorSessionId: own.session.sessionId })
    const sound = await data.read(own.session.sessionId)
    await data.write(own.session.sessionId, damagedRecord(sound, "future-layout"))
    await expect(openSession(service, acting.token)).rejects.toMatchObject({ code: "ERR_SESSION_CORRUPT" })
    await data.write(own.session.sessionId, sound)
    expect((await openSession(service, acting.token))?.userId).toBe("ada")
    await service.deleteSession(own.token)
    expect(await openSession(service, acting.token)).toBeNull()
    expect(await service.getSession(acting.token)).toBeNull()
  })

  it("a record of a layout that is not known yet is an error for its holder alone, is written over by nothing, and can be ended", async () => {
    const [service] = both
    const userId = randomUUID()
    const future = await service.createSession({ userId, attributes: { n: 0 } })
    const good = await service.createSession({ userId })
    await data.write(future.session.sessionId, damagedRecord(await data.read(future.session.sessionId), "future-layout"))
    const record = await data.read(future.session.sessionId)
    const { sessionId } = future.session
    const calls = [
      () => service.getSession(future.token),
      () => service.updateSession(future.token, { a: 1 }),
      () => service.updateSession(future.token, (own) => own),
      () => service.updateUserSession(userId, sessionId, { a: 1 }),
      () => service.extendSession(future.token),
      () => service.extendSession(future.token, "1h"),
      () => service.rotateSession(future.token),
      () => service.rotateSession(future.token, { changes: { a: 1 } }),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: "ERR_SESSION_CORRUPT", outcome: "not-applied" })
    const swept = await service.cleanupExpiredSessions({ maxPerSecond: 10_000_000 })
    expect(swept.scanned).toBeGreaterThan(1)
    const listed = await service.getUserSessions(userId)
    expect([listed.sessions.map((session) => session.sessionId), listed.unreadable]).toEqual([[good.session.sessionId], [sessionId]])
    expect((await exportUser(service, userId)).unreadable).toEqual([sessionId])
    // A limit neither counts it wrongly nor is kept from working by it.
    await service.createSession({ userId, maxSessionsPerUser: 5 })
    expect(await data.read(sessionId)).toBe(record)
    expect((await service.updateSession(good.token, { a: 1 }))?.version).toBe(2)
    expect(await service.deleteUserSession(userId, sessionId)).toBe(true)
    expect(await service.getSession(future.token)).toBeNull()
    expect(await service.deleteUserSessions(userId)).toBe(2)
  })
})
