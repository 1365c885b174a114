import { createRequire } from "node:module"
import { Redis } from "ioredis"
import { describe, expect, it, vi } from "vitest"
import type { GroupSettings } from "../group.js"
import { Running } from "../rounds/slice.js"
import { openLibrary } from "../sessions/libraries.js"
import { EVERYWHERE } from "../sessions/raw-commands.js"
import type { Kind } from "../sessions/session-case.js"
import type { Library } from "../sessions/session-settings.js"
import { withStored } from "../sessions/stand.js"

// As Node gives it, whose default is all that it exports.
vi.mock("redis-sessions", () => ({ default: createRequire(import.meta.url)("redis-sessions") }))

/** More than a page. */
const SIZE = { count: 60, bytes: 450, ms: 1 }
const SETTINGS: GroupSettings = {
  rounds: 3,
  quick: true,
  only: "",
  signal: new AbortController().signal,
  onProgress: () => undefined,
  onText: () => undefined,
}
const CHANGES: readonly Kind[] = ["read", "create", "update", "end"]

describe("what a library is measured by", () => {
  it.each([
    ["raw", [...CHANGES, "list", "endAll"]],
    ["coatcheck", [...CHANGES, "restingRead", "touchingRead", "list", "endAll"]],
    ["redis-sessions", [...CHANGES, "list", "endAll"]],
    ["connect-redis", [...CHANGES, "find"]],
    ["plain design", [...CHANGES, "find", "findAndEnd"]],
  ] as const satisfies readonly (readonly [Library, readonly Kind[]])[])("answers rightly, call by call: %s", (library, kinds) =>
    withStored(SIZE, SETTINGS, async ({ settingsOf }) => {
      const rows = await openLibrary(settingsOf(library, "node-redis"))
      expect(Object.keys(rows).toSorted()).toEqual([...kinds, "mixed"].toSorted())
      for (const [kind, row] of Object.entries(rows)) {
        const running = new Running(row.work)
        for (let slice = 0; slice < 2; slice++) {
          await running.refill()
          expect((await running.slice({ inFlight: 4, ms: 2 })).count, kind).toBeGreaterThan(0)
        }
      }
    }),
  )

  it("is ended by a walk and by nobody else: the plain design's five of one user", () =>
    withStored(SIZE, SETTINGS, async ({ server, settingsOf }) => {
      const admin = new Redis(server.url)
      try {
        const { findAndEnd } = await openLibrary(settingsOf("plain design", "node-redis"))
        const before = await admin.dbsize()
        await findAndEnd?.work.refill?.()
        const laid = await admin.dbsize()
        expect(laid - before).toBe(EVERYWHERE)
        expect(await findAndEnd?.work.call(0)).toBe(true)
        expect(await admin.dbsize()).toBe(before)
      } finally {
        admin.disconnect()
      }
    }))
})
