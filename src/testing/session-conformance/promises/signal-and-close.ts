import assert from "node:assert/strict"
import { SharedSignal } from "../../shared-signal.js"
import type { RequestedOptions, ServiceUnderTest } from "../conformance-setup.js"
import { CALLS_BY_HANDLE, CALLS_BY_TOKEN, OTHER_CALLS } from "../every-call.js"
import { assertUnchanged, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

const EVERY_CALL = { ...CALLS_BY_TOKEN, ...CALLS_BY_HANDLE, ...OTHER_CALLS }
/** A cleanup has no part in `OTHER_CALLS`, because its signal stops it and does not fail it. */
const SHARED_CALLS: Readonly<Record<string, Pick<(typeof OTHER_CALLS)[string], "call">>> = {
  ...EVERY_CALL,
  cleanupExpiredSessions: { call: (service, _target, options) => service.cleanupExpiredSessions(options) },
}
const NONE: RequestedOptions = {}

async function target(service: ServiceUnderTest) {
  const { token, session } = await service.createSession({ userId: "ada" })
  return { token, session, userId: "ada", sessionId: session.sessionId }
}

export function signalAndClosePromises(suite: Suite): void {
  suite.group("signal", () => {
    suite.it("a call with a signal that was aborted rejects with the signal's reason, and changes nothing", NONE, async ({ service, events }) => {
      const at = await target(service)
      events.length = 0
      for (const reason of [new Error("own reason"), "text", undefined]) {
        const signal = AbortSignal.abort(reason)
        for (const [name, { call }] of Object.entries(EVERY_CALL)) {
          await assert.rejects(call(service, at, { signal }), (error) => error === signal.reason, name)
        }
      }
      assert.deepEqual(events, [])
      await assertUnchanged(service, at.token, at.session)
      assert.equal((await service.getUserSessions("ada")).sessions.length, 1)
    })

    suite.it("a signal that is not aborted changes nothing, and keeps no listener", NONE, async ({ service }) => {
      const controller = new AbortController()
      for (const { call } of Object.values(EVERY_CALL)) await call(service, await target(service), { signal: controller.signal })
      controller.abort()
      assert.ok(await service.createSession({ userId: "ada" }))
    })

    suite.it("an abort while a call runs ends the wait, or comes too late", NONE, async ({ service }) => {
      for (const { call } of Object.values(EVERY_CALL)) {
        const at = await target(service)
        const controller = new AbortController()
        const running = call(service, at, { signal: controller.signal })
        const reason = new Error("own reason")
        controller.abort(reason)
        const [outcome] = await Promise.allSettled([running])
        if (outcome?.status === "rejected") assert.equal(outcome.reason, reason)
      }
      await service.ping()
    })

    suite.it("fifty calls at once share a signal without a warning, keep no listener, and end when it is aborted", NONE, async ({ service }) => {
      const at = await target(service)
      for (const [name, { call }] of Object.entries(SHARED_CALLS)) {
        const shared = new SharedSignal()
        try {
          await shared.settle(() => call(service, at, { signal: shared.signal }))
          await shared.assertQuiet(name)
          const endings = shared.settle(() => call(service, at, { signal: shared.signal }))
          const reason = new Error("own reason")
          shared.abort(reason)
          for (const ending of await endings) if (ending.status === "rejected") assert.equal(ending.reason, reason, name)
          await shared.assertQuiet(name)
        } finally {
          shared.release()
        }
      }
      await service.ping()
    })

    suite.it(
      "a thorough sign-out of many sessions keeps no listener on its signal, and causes no warning",
      { maxSessionsPerUser: "unlimited" },
      async ({ service }) => {
        for (let n = 0; n < 40; n += 1) await service.createSession({ userId: "ada" })
        const shared = new SharedSignal()
        try {
          await service.deleteUserSessions("ada", { signal: shared.signal, thorough: true })
          await shared.assertQuiet("deleteUserSessions")
        } finally {
          shared.release()
        }
      },
    )

    suite.it("refuses a signal that is none", NONE, async ({ service }) => {
      const at = await target(service)
      for (const [name, { call }] of Object.entries(EVERY_CALL)) {
        for (const signal of [{}, "abort", { aborted: true }, null] as never[]) {
          await refuses("ERR_INVALID_ARGUMENT", () => call(service, at, { signal })).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
        }
      }
    })
  })

  suite.group("ping and close", () => {
    suite.it("ping answers while the service is open", NONE, async ({ service }) => {
      assert.equal(await service.ping(), undefined)
    })

    suite.it("after close every call is ERR_CLOSED, also one that would be null or refused; close may be called twice", NONE, async ({ service }) => {
      const at = await target(service)
      await service.close()
      await service.close()
      for (const [name, { call }] of Object.entries(EVERY_CALL)) {
        await refuses("ERR_CLOSED", () => call(service, at)).catch((error: unknown) => assert.fail(`${name}: ${String(error)}`))
      }
      await refuses("ERR_CLOSED", () => service.cleanupExpiredSessions())
      await refuses("ERR_CLOSED", () => service.getSession(null))
      await refuses("ERR_CLOSED", () => service.getSession("malformed"))
      await refuses("ERR_CLOSED", () => service.deleteSession(undefined))
    })

    suite.it("await using closes", NONE, async ({ service }) => {
      assert.equal(await service[Symbol.asyncDispose](), undefined)
      await refuses("ERR_CLOSED", () => service.ping())
    })

    suite.it("close lets finish what runs", NONE, async ({ service }) => {
      const at = await target(service)
      const running = Promise.all([
        service.createSession({ userId: "bob" }),
        service.getSession(at.token),
        service.updateSession(at.token, { a: 1 }),
        service.extendSession(at.token),
        service.getUserSessions("ada"),
      ])
      const [results] = await Promise.all([running, service.close()])
      for (const result of results) assert.ok(result !== null)
      assert.deepEqual(results[2]?.attributes, { a: 1 })
    })
  })
}
