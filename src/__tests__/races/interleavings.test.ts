import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionToken } from "../../domain/interfaces/session/ISessionService.js"
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

// One operation is stopped between its read and its write, or before its only step; another one runs in between, from another process's service.

interface Shared {
  readonly outer: HookedService
  readonly inner: HookedService
  readonly raw: RawClient
  readonly keyPrefix: string
  readonly token: SessionToken
  readonly sessionId: string
  readonly userId: string
}

interface StoredRecord {
  readonly lastAccessedAt: number
  readonly head: readonly [
    idle: number,
    slack: number,
    layout: number,
    version: number,
    absolute: number,
    created: number,
    operations: string,
    verifier: string,
    authenticated: number | null,
  ]
  readonly body: readonly [checksum: string, schemaVersion: number, attributes: Readonly<Record<string, unknown>>]
}

/** What runs: the script before which it is stopped, and what has to be so after both, if nobody ended the session. */
interface Operation {
  readonly script: string
  run(service: HookedService["service"], shared: Shared): Promise<unknown>
  /** Raises the version: it must show its effect though the other one's write came between. */
  readonly attribute?: string
}

const OUTER: Readonly<Record<string, Operation>> = {
  "an update": { script: "session-update", run: (service, { token }) => service.updateSession(token, { outer: 1 }), attribute: "outer" },
  "an update by function": {
    script: "session-update",
    run: (service, { token }) => service.updateSession(token, (own) => ({ ...own, outer: 1, saw: own.inner ?? 0 })),
    attribute: "outer",
  },
  "a rotation": { script: "session-rotate", run: (service, { token }) => service.rotateSession(token) },
  "a rotation with changes": {
    script: "session-rotate",
    run: (service, { token }) => service.rotateSession(token, { changes: { outer: 1 } }),
    attribute: "outer",
  },
  "an extension": { script: "session-extend", run: (service, { token }) => service.extendSession(token) },
  "a touch": { script: "session-touches", run: (service, { token }) => service.getSession(token) },
  "an update by handle": {
    script: "session-update",
    run: (service, { userId, sessionId }) => service.updateUserSession(userId, sessionId, { outer: 1 }),
    attribute: "outer",
  },
}

const NO_TOUCH = { touch: false } as const
const EXTENDED = 5_400_000

describe.each(SERVER_KINDS)("on %s", (kind) => {
  describe.each(CLIENT_NAMES)("through %s", (clientName) => {
    const keyPrefix = randomPrefix()
    let shared: Shared
    let number = 0
    beforeAll(async () => {
      const { url } = sharedServer(kind)
      const [outer, inner] = await Promise.all([0, 1].map(() => hookedService(url, { keyPrefix, touchInterval: "1ms" }, clientName)))
      if (outer === undefined || inner === undefined) throw new Error("two services were expected")
      shared = { outer, inner, raw: await rawClient(url), keyPrefix, token: "" as SessionToken, sessionId: "", userId: "" }
    })
    afterAll(async () => {
      await Promise.all([shared.outer.service.close(), shared.inner.service.close()])
      shared.raw.close()
    })

    async function withSession(): Promise<Shared> {
      number += 1
      const userId = `user ${number}`
      const { token, session } = await shared.inner.service.createSession({ userId, attributes: { outer: 0 }, idleTimeout: "1h" })
      // Accessed a minute ago, so that a read touches, whatever a service knows of the server's time.
      const access = session.lastAccessedAt.getTime() - 60_000
      await shared.raw.send("SETRANGE", sessionKeyOf(keyPrefix, session.sessionId), 18, String(access).padStart(13))
      // Both know it as it was before either does something.
      for (const { service } of [shared.outer, shared.inner]) expect(await service.getSession(token, NO_TOUCH)).toMatchObject({ userId })
      return { ...shared, token, sessionId: session.sessionId, userId }
    }
    const recordOf = async ({ raw, sessionId }: Shared): Promise<StoredRecord | null> =>
      JSON.parse((await raw.get(sessionKeyOf(keyPrefix, sessionId))) ?? "null")

    /** Runs the outer operation with the inner one before the outer one's script. */
    async function interleave<T>(
      on: Shared,
      operation: Operation,
      between: () => Promise<T>,
    ): Promise<{ readonly outer: PromiseSettledResult<unknown>; readonly inner: T | undefined }> {
      let inner: T | undefined
      const hook = on.outer.redis.beforeNext(operation.script, async () => {
        inner = await between()
      })
      const [outer] = await Promise.allSettled([operation.run(on.outer.service, on)])
      expect(hook.ran()).toBe(true)
      return { outer, inner }
    }

    const names = Object.keys(OUTER)
    const operationOf = (name: string): Operation => OUTER[name] as Operation

    it.each(names)("an extension keeps its effect beside %s", async (name) => {
      const on = await withSession()
      const { outer } = await interleave(on, operationOf(name), () => on.inner.service.extendSession(on.token, "90m"))
      expect(outer.status).toBe("fulfilled")
      const record = await recordOf(on)
      expect(record?.head.slice(0, 2)).toEqual([EXTENDED, 1])
      expect(await on.raw.send("PTTL", sessionKeyOf(keyPrefix, on.sessionId))).toBeGreaterThan(EXTENDED - 5_000)
      if (operationOf(name).attribute !== undefined) expect(record?.body[2].outer).toBe(1)
    })

    it.each(names)("a touch keeps its effect beside %s", async (name) => {
      const on = await withSession()
      const { inner } = await interleave(on, operationOf(name), () => on.inner.service.getSession(on.token))
      const record = await recordOf(on)
      expect(record?.lastAccessedAt).toBeGreaterThanOrEqual(inner?.lastAccessedAt.getTime() ?? Number.POSITIVE_INFINITY)
      if (operationOf(name).attribute !== undefined) expect(record?.body[2].outer).toBe(1)
    })

    it.each(names)("an update keeps its effect beside %s", async (name) => {
      const on = await withSession()
      const { outer } = await interleave(on, operationOf(name), () => on.inner.service.updateSession(on.token, { inner: 1 }))
      expect(outer.status).toBe("fulfilled")
      const record = await recordOf(on)
      expect(record?.body[2].inner).toBe(1)
      expect(record?.head[3]).toBe(operationOf(name).attribute === undefined ? 2 : 3)
      if (operationOf(name).attribute !== undefined) expect(record?.body[2].outer).toBe(1)
      if (name === "an update by function") expect(record?.body[2].saw).toBe(1)
    })

    it.each(names)("a rotation keeps its effect beside %s", async (name) => {
      const on = await withSession()
      const { outer, inner } = await interleave(on, operationOf(name), () => on.inner.service.rotateSession(on.token))
      expect(inner?.token).not.toBe(on.token)
      expect((await on.inner.service.getSession(inner?.token, NO_TOUCH))?.sessionId).toBe(on.sessionId)
      // The grace goes on as well.
      expect((await on.inner.service.getSession(on.token, NO_TOUCH))?.sessionId).toBe(on.sessionId)
      if (name.startsWith("a rotation")) expect(outer).toMatchObject({ status: "rejected", reason: { code: "ERR_SESSION_CONFLICT" } })
      else {
        expect(outer.status).toBe("fulfilled")
        if (operationOf(name).attribute !== undefined) expect((await recordOf(on))?.body[2].outer).toBe(1)
      }
    })

    it.each(names)("a rotation with changes locks the old secret out of %s", async (name) => {
      const on = await withSession()
      const { outer, inner } = await interleave(on, operationOf(name), () => on.inner.service.rotateSession(on.token, { changes: { inner: 1 } }))
      const session = await on.inner.service.getSession(inner?.token, NO_TOUCH)
      expect(session?.attributes.inner).toBe(1)
      expect(await on.inner.service.getSession(on.token, NO_TOUCH)).toBeNull()
      if (name === "an update by handle") expect(session?.attributes.outer).toBe(1)
      // Its holder is told, not signed out: the secret was right when the call began.
      else if (name.startsWith("a rotation")) expect(outer).toMatchObject({ status: "rejected", reason: { code: "ERR_SESSION_CONFLICT" } })
      else expect(outer).toEqual({ status: "fulfilled", value: null })
    })

    it.each(names)("a sign-out wins against %s", async (name) => {
      for (const end of [
        (on: Shared) => on.inner.service.deleteSession(on.token),
        (on: Shared) => on.inner.service.deleteUserSession(on.userId, on.sessionId),
        async (on: Shared) => (await on.inner.service.deleteUserSessions(on.userId)) === 1,
      ]) {
        const on = await withSession()
        const { outer, inner } = await interleave(on, operationOf(name), () => end(on))
        expect(inner).toBe(true)
        expect(outer).toEqual({ status: "fulfilled", value: null })
        expect(await on.raw.send("EXISTS", sessionKeyOf(keyPrefix, on.sessionId))).toBe(0)
        for (const { service } of [on.inner, on.outer]) expect(await service.getSession(on.token, NO_TOUCH)).toBeNull()
      }
    })

    // Moving a guest's data to a user: what was copied is ended, and nothing that came after the copy.
    const ending: Operation = { script: "session-delete", run: (service, { token }) => service.deleteSession(token, { ifVersion: 1 }) }
    it("a sign-out at a version leaves the update that came before it, and is told", async () => {
      for (const between of [
        (on: Shared) => on.inner.service.updateSession(on.token, { inner: 1 }),
        (on: Shared) => on.inner.service.updateUserSession(on.userId, on.sessionId, { inner: 1 }),
      ]) {
        const on = await withSession()
        const { outer, inner } = await interleave(on, ending, () => between(on))
        expect(inner).toMatchObject({ version: 2, attributes: { inner: 1 } })
        expect(outer).toMatchObject({ status: "rejected", reason: { code: "ERR_SESSION_CONFLICT", outcome: "not-applied" } })
        expect((await recordOf(on))?.body[2].inner).toBe(1)
        expect(await on.inner.service.deleteSession(on.token, { ifVersion: 2 })).toBe(true)
      }
    })

    it("a sign-out at a version ends nothing by a token that a rotation with changes has replaced", async () => {
      const on = await withSession()
      const { outer } = await interleave(on, ending, () => on.inner.service.rotateSession(on.token, { changes: { inner: 1 } }))
      expect(outer).toEqual({ status: "fulfilled", value: false })
      expect((await recordOf(on))?.body[2].inner).toBe(1)
    })

    it("a sign-out at a version goes past what is no update: a touch, an extension, a rotation", async () => {
      const BESIDE: readonly ((on: Shared) => Promise<unknown>)[] = [
        (on) => on.inner.service.getSession(on.token),
        (on) => on.inner.service.extendSession(on.token, "90m"),
        (on) => on.inner.service.rotateSession(on.token),
      ]
      for (const between of BESIDE) {
        const on = await withSession()
        const { outer, inner } = await interleave(on, ending, () => between(on))
        expect(inner).not.toBeNull()
        expect(outer).toEqual({ status: "fulfilled", value: true })
        expect(await recordOf(on)).toBeNull()
      }
    })

    it.each(names.filter((name) => operationOf(name).attribute !== undefined))("a sign-out at a version that comes first ends %s", async (name) => {
      const on = await withSession()
      const { outer, inner } = await interleave(on, operationOf(name), () => on.inner.service.deleteSession(on.token, { ifVersion: 1 }))
      expect(inner).toBe(true)
      expect(outer).toEqual({ status: "fulfilled", value: null })
      expect(await recordOf(on)).toBeNull()
    })

    it("of an update and a sign-out at one version exactly one is made, whichever the server takes first", async () => {
      for (let round = 0; round < 30; round += 1) {
        const on = await withSession()
        const [ended, updated] = await Promise.all([
          on.outer.service.deleteSession(on.token, { ifVersion: 1 }).catch((error: unknown) => error),
          on.inner.service.updateSession(on.token, { inner: 1 }, { ifVersion: 1 }),
        ])
        const record = await recordOf(on)
        if (ended === true) expect([updated, record]).toEqual([null, null])
        else {
          expect(ended).toMatchObject({ code: "ERR_SESSION_CONFLICT" })
          expect(record?.body[2].inner).toBe(1)
          expect(updated?.version).toBe(2)
        }
      }
    })

    it("a list that lost a session is whole again after a touch, and a session that ended meanwhile is not put back", async () => {
      const on = await withSession()
      const index = indexKeyOf(keyPrefix, on.userId)
      const [before] = await on.raw.scores(index)
      await on.raw.send("DEL", index)
      await on.outer.service.getSession(on.token)
      expect(await on.raw.scores(index)).toEqual([before])
      expect(await on.raw.send("PTTL", index)).toBeGreaterThan(Number(await on.raw.send("PTTL", sessionKeyOf(keyPrefix, on.sessionId))))

      await on.raw.send("DEL", index)
      // So long that a touch is due again.
      await pause(20)
      on.outer.redis.beforeNext("session-touches", () => on.inner.service.deleteSession(on.token))
      expect(await on.outer.service.getSession(on.token)).toBeNull()
      expect(await on.raw.send("EXISTS", index)).toBe(0)
    })
  })
})
