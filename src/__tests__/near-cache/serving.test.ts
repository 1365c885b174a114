import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Monitor, startMonitor } from "../support/monitor.js"
import { type NearCached, nearCached } from "../support/near-cached.js"
import { askServer } from "../support/servers.js"
import { sessionKeyOf } from "../support/services-under-watch.js"
import { STORE_CLIENTS, STORE_PLACES, type StorePlace, startPlace } from "../support/store-places.js"

/** What is asked without a caller: whether a server is there and what the time is, what a Sentinel asks and tells, and who keeps which slots. */
const PROBES = new Set(["EXISTS", "ROLE", "TIME", "PING", "PUBLISH", "SUBSCRIBE", "CLUSTER"])

describe.each(STORE_PLACES)("on %s, %s", (kind, on) => {
  let place: StorePlace
  let monitors: readonly Monitor[] = []
  beforeAll(async () => {
    place = await startPlace(kind, on)
    monitors = await Promise.all(place.primaries.map(({ port }) => startMonitor(port)))
  })
  afterAll(async () => {
    for (const monitor of monitors) monitor.stop()
    await place.stop()
  })

  async function commandsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
    await Promise.all(monitors.map((monitor) => monitor.take()))
    await work()
    const taken = await Promise.all(monitors.map((monitor) => monitor.take()))
    return taken.flat().flatMap(({ name }) => (PROBES.has(name) ? [] : [name]))
  }

  describe.each(STORE_CLIENTS)("through %s", (through) => {
    let near: NearCached
    beforeAll(async () => {
      // A lease that a busy machine does not let run out in the middle of a test.
      near = await nearCached(place.address, { nearCache: { lease: "10s" }, timeout: "10s" }, through)
    })
    afterAll(() => near.end())

    it("costs no command to read again", async () => {
      const { token } = await near.service.createSession({ userId: "reader", attributes: { n: 1 } })
      expect(await commandsOf(() => near.service.getSession(token))).toEqual(["MGET"])
      const again = await commandsOf(async () => {
        for (let n = 0; n < 100; n += 1) expect((await near.service.getSession(token))?.attributes.n).toBe(1)
        for (let n = 0; n < 100; n += 1) expect((await near.service.getSession(token, { touch: false }))?.userId).toBe("reader")
      })
      expect(again).toEqual([])
    })

    it("reads what was not read before in one MGET a turn, and on a cluster in one each", async () => {
      const made = await Promise.all(Array.from({ length: 20 }, (_, n) => near.service.createSession({ userId: `many ${n}` })))
      const read = (): Promise<unknown> => Promise.all(made.map(({ token }) => near.service.getSession(token)))
      expect(await commandsOf(read)).toEqual(Array.from({ length: on === "a cluster" ? made.length : 1 }, () => "MGET"))
      expect(await commandsOf(read)).toEqual([])
    })

    it("keeps no more sessions than it may, and lets go of what was read longest ago", async () => {
      const bounded = await nearCached(place.address, { nearCache: { lease: "10s", maxEntries: 10 }, timeout: "10s" }, through)
      const made = await Promise.all(Array.from({ length: 20 }, (_, n) => near.service.createSession({ userId: `bounded ${n}` })))
      const read = async ({ token }: { readonly token: string }): Promise<unknown> => bounded.service.getSession(token)
      for (const one of made) await read(one)
      const readAgain = (again: typeof made) => commandsOf(async () => void (await Promise.all(again.map(read))))
      expect(await readAgain(made.slice(10))).toEqual([])
      expect(await readAgain(made.slice(0, 10))).toContain("MGET")
      await bounded.end()
    })

    it("asks the store for a secret that was not proved, and tells of it as ever", async () => {
      const { token, session } = await near.service.createSession({ userId: "guessed" })
      await near.service.getSession(token)
      const guess = `${token.slice(0, 27)}${"A".repeat(43)}`
      near.events.length = 0
      expect(await commandsOf(async () => expect(await near.service.getSession(guess)).toBeNull())).toEqual(["MGET"])
      expect(near.events).toEqual([{ type: "wrong-secret", sessionId: session.sessionId }])
      expect((await near.service.getSession(token))?.userId).toBe("guessed")
    })

    it("asks the store for a read that has to move the deadline", async () => {
      const { token, session } = await near.service.createSession({ userId: "idle" })
      await near.service.getSession(token)
      const shift = `SETRANGE ${sessionKeyOf("", session.sessionId)} 18 ${session.lastAccessedAt.getTime() - 60_000}`
      // On a cluster the others answer where it is.
      const shifted = await Promise.all(place.primaries.map(({ port }) => askServer(port, shift)))
      expect(shifted.filter((reply) => reply.startsWith(":"))).toHaveLength(1)
      const looked = await commandsOf(async () => {
        for (let n = 0; n < 10; n += 1) await near.service.getSession(token, { touch: false })
      })
      expect(looked.filter((name) => name === "MGET").length).toBeLessThanOrEqual(2)
      const touched = await near.service.getSession(token)
      expect(touched?.lastAccessedAt.getTime()).toBeGreaterThanOrEqual(session.lastAccessedAt.getTime())
    })

    it("gives each caller what no other can change", async () => {
      const { token } = await near.service.createSession({ userId: "shared", device: { ip: "127.0.0.1" }, attributes: { cart: { items: [1] } } })
      await near.service.getSession(token)
      const [one, other] = await Promise.all([near.service.getSession(token), near.service.getSession(token)])
      expect(one).toEqual(other)
      const cart = one?.attributes.cart as { items: number[]; more?: true }
      expect(() => cart.items.push(2)).toThrow(TypeError)
      expect(() => Object.assign(cart, { more: true })).toThrow(TypeError)
      expect(() => Object.assign(one?.device ?? {}, { ip: "10.0.0.1" })).toThrow(TypeError)
      expect(() => Object.assign(one ?? {}, { userId: "eve" })).toThrow(TypeError)
      one?.expiresAt.setTime(0)
      expect(one?.expiresAt.getTime()).toBeGreaterThan(Date.now())
      expect({ ...one }).toEqual({ ...other })
      expect(JSON.parse(JSON.stringify(one))).toMatchObject({ userId: "shared", createdAt: one?.createdAt.toISOString() })
    })

    it("judges bad input and an aborted signal as ever", async () => {
      const { token } = await near.service.createSession({ userId: "strict" })
      await near.service.getSession(token)
      await expect(near.service.getSession(token, { tuoch: false } as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
      await expect(near.service.getSession(token, { touch: 1 } as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
      await expect(near.service.getSession(token, [] as never)).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
      const reason = new Error("gone away")
      await expect(near.service.getSession(token, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
      expect(await commandsOf(() => near.service.getSession(token, { signal: new AbortController().signal }))).toEqual([])
    })

    it("is closed with its service", async () => {
      const closing = await nearCached(place.address, {}, through)
      const { token } = await closing.service.createSession({ userId: "closed" })
      await closing.service.getSession(token)
      const closed = closing.service.close()
      await expect(closing.service.getSession(token)).rejects.toMatchObject({ code: "ERR_CLOSED" })
      await closed
      await closing.end()
    })
  })
})
