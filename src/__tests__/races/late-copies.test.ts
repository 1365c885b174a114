import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { SessionError } from "../../domain/errors.js"
import { sessionCreateStatus } from "../../infrastructure/redis/scripts/scripts.generated.js"
import type { RedisCall } from "../support/hooked-redis-service.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import {
  CLIENT_NAMES,
  type HookedService,
  hookedService,
  indexKeyOf,
  type RawClient,
  randomPrefix,
  rawClient,
  sessionKeyOf,
} from "../support/services-under-watch.js"

// A client that lost its connection may send a command a second time, and a network may deliver one late. The copies here are the very calls.

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let sender: HookedService
    let other: HookedService
    let raw: RawClient
    beforeAll(async () => {
      const { url } = sharedServer(kind)
      sender = await hookedService(url, { keyPrefix }, clientName)
      other = await hookedService(url, { keyPrefix }, clientName)
      raw = await rawClient(url)
    })
    afterAll(async () => {
      await Promise.all([sender.service.close(), other.service.close()])
      raw.close()
    })

    const lastCreate = (): RedisCall => {
      const call = sender.redis.calls.findLast(({ name }) => name === "session-create")
      if (call === undefined) throw new Error("Expected a create to have been sent, got none")
      return call
    }
    const statusOf = async (call: RedisCall): Promise<number> => Number(((await sender.redis.again(call)) as readonly unknown[])[0])
    const exists = async (sessionId: string): Promise<unknown> => raw.send("EXISTS", sessionKeyOf(keyPrefix, sessionId))
    const listed = async (userId: string): Promise<string[]> => (await raw.scores(indexKeyOf(keyPrefix, userId))).map(({ id }) => id)

    /** Ways in which a session that a create made is gone. */
    const ENDS: Readonly<Record<string, (made: { readonly userId: string; readonly token: string; readonly sessionId: string }) => Promise<unknown>>> = {
      "a sign-out": ({ token }) => other.service.deleteSession(token),
      "a sign-out by handle": ({ userId, sessionId }) => other.service.deleteUserSession(userId, sessionId),
      "a sign-out everywhere": ({ userId }) => other.service.deleteUserSessions(userId),
      "an eviction": ({ userId }) => other.service.createSession({ userId, maxSessionsPerUser: 1 }),
    }

    it.concurrent.each(Object.keys(ENDS))("a late copy of a create brings nothing back after %s, whatever pruned the list since", async (end) => {
      const userId = `late after ${end}`
      // With such a limit it travels alone, whatever else is asked for in this turn.
      const { token, session } = await sender.service.createSession({ userId, maxSessionsPerUser: 1_000 })
      const call = sender.redis.calls.find(({ name, keys }) => name === "session-create" && keys[0] === sessionKeyOf(keyPrefix, session.sessionId))
      if (call === undefined) throw new Error("Expected the create to have been sent")
      await ENDS[end]?.({ userId, token, sessionId: session.sessionId })
      expect(await statusOf(call)).toBe(sessionCreateStatus.ENDED)
      expect(await exists(session.sessionId)).toBe(0)

      // Each of these may prune members, but not yet this one.
      await other.service.getUserSessions(userId)
      await other.service.createSession({ userId })
      await other.service.createSession({ userId, maxSessionsPerUser: 1 })
      await other.service.deleteUserSessions(userId)
      await other.service.cleanupExpiredSessions()
      expect(await listed(userId)).toContain(session.sessionId.slice(4))
      expect(await statusOf(call)).toBe(sessionCreateStatus.ENDED)

      // Once the copy is too late by its own time limit, the list may forget.
      await pause(2_600)
      await other.service.deleteUserSessions(userId)
      expect(await listed(userId)).toEqual([])
      expect(await statusOf(call)).toBe(sessionCreateStatus.LATE)
      expect(await exists(session.sessionId)).toBe(0)
    })

    it.concurrent.each(["the library", "the client"])(
      "a create whose second copy, sent by %s, comes when the list has forgotten that the first was made and ended opens nothing",
      async (resender) => {
        const userId = `forgotten, ${resender}`
        const slow = await hookedService(sharedServer(kind).url, { keyPrefix, timeout: "10s" }, clientName)
        const endAndForget = async (): Promise<void> => {
          expect(await other.service.deleteUserSessions(userId)).toBe(1)
          await pause(2_600)
          await other.service.deleteUserSessions(userId)
          expect(await listed(userId)).toEqual([])
        }
        if (resender === "the client") {
          slow.redis.copies.set("session-create", 2)
          slow.redis.between = endAndForget
        } else {
          slow.redis.after = async ({ name }) => {
            if (name !== "session-create") return
            slow.redis.after = () => undefined
            await endAndForget()
            throw new SessionError("ERR_STORE_TIMEOUT", "the connection broke before the answer")
          }
        }
        await expect(slow.service.createSession({ userId })).rejects.toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
        expect((await other.service.getUserSessions(userId)).sessions).toEqual([])
        await slow.service.close()
      },
    )

    it.concurrent("a create that arrives only after its time limit does nothing, and the service's own next try succeeds", async () => {
      const slow = await hookedService(sharedServer(kind).url, { keyPrefix, timeout: "5s" }, clientName)
      slow.redis.beforeNext("session-create", () => pause(2_100))
      const { session } = await slow.service.createSession({ userId: "slow" })
      const creates = slow.redis.calls.filter(({ name }) => name === "session-create")
      expect(creates).toHaveLength(2)
      expect(Number(creates[1]?.args[1])).toBeGreaterThan(Number(creates[0]?.args[1]))
      expect(await exists(session.sessionId)).toBe(1)
      await other.service.deleteUserSessions("slow")
      await slow.service.close()
    })

    it("a copy of a create answers the same session, and neither a second one nor a second eviction", async () => {
      const userId = "twice"
      await other.service.createSession({ userId, maxSessionsPerUser: 1 })
      sender.redis.copies.set("session-create", 2)
      const { token, session, evicted } = await sender.service.createSession({ userId, maxSessionsPerUser: 1, attributes: { a: [] } })
      sender.redis.copies.clear()
      expect(evicted).toEqual([])
      expect(session.attributes).toEqual({ a: [] })
      expect((await other.service.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)).toEqual([session.sessionId])
      expect((await other.service.getSession(token))?.version).toBe(1)
    })

    it("a copy of a create that comes after a rotation does not hand out a session that its secret no longer opens", async () => {
      const { token, session } = await sender.service.createSession({ userId: "rotated" })
      const call = lastCreate()
      const rotated = await other.service.rotateSession(token, { grace: 0 })
      const stored = await raw.get(sessionKeyOf(keyPrefix, session.sessionId))
      expect(await statusOf(call)).toBe(sessionCreateStatus.ENDED)
      expect(await raw.get(sessionKeyOf(keyPrefix, session.sessionId))).toBe(stored)
      expect(await other.service.getSession(rotated?.token)).not.toBeNull()
    })

    it.each([0, 1, 2, 3])("a copy of an update is known after %i further updates: applied once, answered as the first", async (further) => {
      const { token, session } = await sender.service.createSession({ userId: `update ${further}`, attributes: { n: 0 } })
      sender.redis.copies.set("session-update", 2)
      sender.redis.between = async () => {
        for (let n = 0; n < further; n += 1) await other.service.updateSession(token, { [`f${n}`]: n })
      }
      const answer = await sender.service.updateSession(token, (own) => ({ ...own, n: Number(own.n) + 1 }))
      sender.redis.copies.clear()
      expect(answer).toMatchObject({ version: session.version + 1, attributes: { n: 1 } })
      const now = await other.service.getSession(token)
      expect(now?.version).toBe(session.version + 1 + further)
      expect(now?.attributes.n).toBe(1)
      expect(Object.keys(now?.attributes ?? {})).toHaveLength(1 + further)
    })

    it.each([4, 6])("after %i further updates nobody can tell, and nothing is applied a second time", async (further) => {
      const { token } = await sender.service.createSession({ userId: `unknown ${further}`, attributes: { n: 0 } })
      sender.redis.copies.set("session-update", 2)
      sender.redis.between = async () => {
        for (let n = 0; n < further; n += 1) await other.service.updateSession(token, { [`f${n}`]: n })
      }
      const answer = sender.service.updateSession(token, (own) => ({ ...own, n: Number(own.n) + 1 }))
      await expect(answer).rejects.toMatchObject({ code: "ERR_STORE_UNKNOWN", outcome: "unknown", retryable: false })
      sender.redis.copies.clear()
      expect((await other.service.getSession(token))?.attributes.n).toBe(1)
    })

    it.each([
      { hidesResends: true, further: 5, code: "ERR_STORE_UNKNOWN" },
      { hidesResends: true, further: 4, code: undefined },
      { hidesResends: false, further: 5, code: undefined },
    ])("a clash with $further versions is $code for a client whose resends are hidden: $hidesResends", async ({ hidesResends, further, code }) => {
      for (const change of ["update", "rotate"] as const) {
        const { token } = await sender.service.createSession({ userId: `clash ${hidesResends} ${further} ${change}`, attributes: { n: 0 } })
        sender.redis.hidesResends = hidesResends
        sender.redis.beforeNext(`session-${change}`, async () => {
          for (let n = 0; n < further; n += 1) await other.service.updateSession(token, { [`f${n}`]: n })
        })
        const answer = change === "update" ? sender.service.updateSession(token, { n: 1 }) : sender.service.rotateSession(token, { changes: { n: 1 } })
        const outcome = await answer.then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        )
        sender.redis.hidesResends = false
        if (code !== undefined) expect(outcome).toMatchObject({ error: { code } })
        else {
          const session = outcome as { value: { session?: object } }
          expect(session.value.session ?? session.value).toMatchObject({ version: 2 + further, attributes: { n: 1, f0: 0 } })
        }
      }
    })

    it("a copy of a rotation answers the same new token", async () => {
      const { token, session } = await sender.service.createSession({ userId: "rotate twice" })
      sender.redis.copies.set("session-rotate", 2)
      sender.redis.between = () => undefined
      const rotated = await sender.service.rotateSession(token, { grace: "5s" })
      sender.redis.copies.clear()
      expect(rotated?.session).toMatchObject({ sessionId: session.sessionId, version: 1 })
      expect(await other.service.getSession(rotated?.token)).not.toBeNull()
      // The second copy did not push the first one's old secret out.
      expect(await other.service.getSession(token)).not.toBeNull()
    })

    it.each([0, 1, 5])("a copy of a rotation with changes, after %i further updates, is applied once", async (further) => {
      const { token, session } = await sender.service.createSession({ userId: `rotate with changes ${further}`, attributes: { n: 0 } })
      sender.redis.copies.set("session-rotate", 2)
      sender.redis.between = async () => {
        for (let n = 0; n < further; n += 1) await other.service.updateUserSession(`rotate with changes ${further}`, session.sessionId, { [`f${n}`]: n })
      }
      const rotated = await sender.service.rotateSession(token, { changes: (own) => ({ ...own, n: Number(own.n) + 1 }) })
      sender.redis.copies.clear()
      expect(rotated?.session.attributes.n).toBe(1)
      const now = await other.service.getSession(rotated?.token)
      expect(now).toMatchObject({ version: 2 + further, attributes: { n: 1 } })
      expect(await other.service.getSession(token)).toBeNull()
      // The change is named by the beginning of the new secret's verifier.
      if (further === 0) {
        const { head } = JSON.parse((await raw.get(sessionKeyOf(keyPrefix, session.sessionId))) ?? "")
        expect(head[6].slice(0, 6)).toBe(head[7].slice(0, 6))
      }
    })

    it("each step that raises the version leaves one name of a change, and no other step does", async () => {
      const { token, session } = await sender.service.createSession({ userId: "operations" })
      const names = async (): Promise<string[]> => JSON.parse((await raw.get(sessionKeyOf(keyPrefix, session.sessionId))) ?? "").head[6].match(/.{6}/g)
      const none = "------"
      expect(await names()).toEqual([none, none, none, none])
      await sender.service.updateSession(token, { a: 1 })
      const [first] = await names()
      expect(await names()).toEqual([first, none, none, none])
      await sender.service.extendSession(token, "1h")
      const rotated = await sender.service.rotateSession(token)
      expect(await names()).toEqual([first, none, none, none])
      const again = await sender.service.rotateSession(rotated?.token ?? "", { changes: { a: 2 } })
      const [second] = await names()
      expect(await names()).toEqual([second, first, none, none])
      expect(second).not.toBe(none)
      for (const a of [3, 4, 5]) await sender.service.updateSession(again?.token ?? "", { a })
      const last = await names()
      expect(last[3]).toBe(second)
      expect(new Set(last).size).toBe(4)
    })

    it("copies of a touch, an extension and a sign-out do no harm", async () => {
      const userId = "harmless"
      const { token, session } = await sender.service.createSession({ userId, idleTimeout: "1h" })
      sender.redis.between = () => undefined
      for (const name of ["session-touches", "session-extend", "session-delete"]) sender.redis.copies.set(name, 2)
      expect((await sender.service.extendSession(token, "2h"))?.version).toBe(1)
      expect(await sender.service.deleteSession(token)).toBe(false)
      sender.redis.copies.clear()
      expect(await exists(session.sessionId)).toBe(0)
      expect(await other.service.getSession(token)).toBeNull()
    })
  })
})
