import { setTimeout as pause } from "node:timers/promises"
import { afterEach, describe, expect, it, onTestFinished } from "vitest"
import { loadDriver } from "../../infrastructure/sqlite/drivers.js"
import { sessionFile } from "../sqlite/session-file.js"
import { type EveryStore, openEveryStore, STORE_NAMES } from "../support/every-store.js"
import { startServer } from "../support/servers.js"
import { timed } from "./timed-calls.js"

const TIMEOUT_MS = 1_000
const ALLOWANCE_MS = 50
const timeout = `${TIMEOUT_MS}ms` as const

/** A schema that takes its time over attributes which say so. */
const slowSchema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value: unknown) => {
      const attributes = value as Record<string, unknown>
      if (typeof attributes.slow === "number") await pause(attributes.slow)
      return { value: attributes }
    },
  },
} as const

describe.each(STORE_NAMES)("on %s", (name) => {
  let stores: EveryStore
  afterEach(() => stores.close())

  it("ends a call whose schema takes too long, and does not apply it afterwards", async () => {
    stores = await openEveryStore({ timeout, schema: slowSchema } as { readonly timeout: typeof timeout })
    const service = stores.services[name]
    const { token } = await service.createSession({ userId: "ada" })
    const began = performance.now()
    const ending = await timed("update", service.updateSession(token, { slow: 2 * TIMEOUT_MS }))
    expect(ending).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
    expect(performance.now() - began).toBeGreaterThanOrEqual(TIMEOUT_MS - 1)
    expect(ending.took).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS)
    const created = await timed("create", service.createSession({ userId: "bob", attributes: { slow: 2 * TIMEOUT_MS } }))
    expect(created).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
    await pause(2 * TIMEOUT_MS)
    expect(await service.getSession(token)).toMatchObject({ version: 1, attributes: {} })
    expect((await service.getUserSessions("bob")).sessions).toEqual([])
  })

  it("counts the wait for other updates of the session, and lets go of the caller's signal", async () => {
    stores = await openEveryStore({ timeout, schema: slowSchema } as { readonly timeout: typeof timeout })
    const service = stores.services[name]
    const { token } = await service.createSession({ userId: "ada" })
    const controller = new AbortController()
    const first = timed("first", service.updateSession(token, { slow: 0.5 * TIMEOUT_MS }))
    const others = Array.from({ length: 10 }, (_, n) =>
      timed(
        `other ${n}`,
        service.updateSession(token, () => ({ slow: 0.8 * TIMEOUT_MS, n }), { signal: controller.signal }),
      ),
    )
    expect(await first).toMatchObject({ code: null })
    for (const ending of await Promise.all(others)) {
      expect(ending).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
      expect(ending.took).toBeLessThan(0.5 * TIMEOUT_MS + TIMEOUT_MS)
    }
    controller.abort(new Error("too late to matter"))
    await pause(2 * TIMEOUT_MS)
    expect((await service.getSession(token))?.version).toBe(2)
  })

  it("gives long work more time than one call", async () => {
    // A cleanup looks at every key of a server, and what other tests left there is none of this one's.
    const server = await startServer({ kind: "redis" })
    onTestFinished(() => server.stop())
    stores = await openEveryStore({ timeout: "250ms" }, server.url)
    const service = stores.services[name]
    for (let i = 0; i < 80; i++) await service.createSession({ userId: "ada" })
    const report = await service.cleanupExpiredSessions({ maxPerSecond: 200, onProgress: () => undefined })
    expect(report.live).toBeGreaterThanOrEqual(80)
    expect(await service.deleteUserSessions("ada")).toBe(80)
  })
})

it("ends every call on a SQLite file that another process keeps busy", async () => {
  await using file = sessionFile()
  const service = await file.open({ timeout })
  const { token } = await service.createSession({ userId: "ada" })
  const other = (await loadDriver()).open(file.path)
  try {
    other.run("BEGIN IMMEDIATE", [])
    const calls = Array.from({ length: 50 }, (_, n) => [
      timed("update", service.updateSession(token, { n })),
      timed("create", service.createSession({ userId: "ada" })),
      timed("delete", service.deleteSession(token)),
    ])
    for (const { name, took, code, outcome } of await Promise.all(calls.flat())) {
      expect(code, name).toMatch(/^ERR_STORE_(UNAVAILABLE|TIMEOUT)$/)
      if (code === "ERR_STORE_UNAVAILABLE") expect(outcome).toBe("not-applied")
      expect(took, name).toBeLessThan(TIMEOUT_MS + ALLOWANCE_MS)
    }
    other.run("ROLLBACK", [])
  } finally {
    other.close()
  }
  expect((await service.getSession(token))?.version).toBe(1)
})

it("leaves a change in doubt that was made before the time was up", async () => {
  await using file = sessionFile()
  const { token } = await (await file.open()).createSession({ userId: "ada", attributes: { slow: 2 * TIMEOUT_MS } })
  // Attributes of an older version are validated when they are shown, which here takes longer than the call may.
  const service = await file.open({ timeout, schema: slowSchema, schemaVersion: 2 })
  expect(await timed("extend", service.extendSession(token, "2h"))).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
  expect(await timed("read", service.getSession(token))).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
  const session = await (await file.open()).getSession(token)
  expect((session?.expiresAt.getTime() ?? 0) - (session?.lastAccessedAt.getTime() ?? 0)).toBe(7_200_000)
})
