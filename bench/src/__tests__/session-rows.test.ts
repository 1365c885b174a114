import { createRequire } from "node:module"
import { join } from "node:path"
import { Redis } from "ioredis"
import { describe, expect, it, vi } from "vitest"
import type { GroupSettings } from "../group.js"
import { temporaryFolder } from "../processes/temporary-folder.js"
import { Running } from "../rounds/slice.js"
import { openLibrary } from "../sessions/libraries.js"
import { makingMore } from "../sessions/pool.js"
import { EVERYWHERE } from "../sessions/raw-commands.js"
import type { Kind, SessionRows } from "../sessions/session-case.js"
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

async function answersRightly(rows: SessionRows, kinds: readonly Kind[]): Promise<void> {
  expect(Object.keys(rows).toSorted()).toEqual([...kinds, "mixed"].toSorted())
  for (const [kind, row] of Object.entries(rows)) {
    const running = new Running(row.work)
    for (let slice = 0; slice < 2; slice++) {
      await running.refill()
      expect((await running.slice({ inFlight: 4, ms: 2 })).count, kind).toBeGreaterThan(0)
    }
  }
}

describe("what a library is measured by", () => {
  it.each([
    ["raw", [...CHANGES, "list", "endAll"]],
    ["coatcheck", [...CHANGES, "restingRead", "lookingRead", "touchingRead", "list", "endAll"]],
    ["redis-sessions", [...CHANGES, "list", "endAll"]],
    ["connect-redis", [...CHANGES, "find"]],
    ["plain design", [...CHANGES, "find", "findAndEnd"]],
    ["coatcheck with its near-cache", [...CHANGES, "list"]],
    ["Map", [...CHANGES, "list"]],
  ] as const satisfies readonly (readonly [Library, readonly Kind[]])[])("answers rightly, call by call: %s", (library, kinds) =>
    withStored(SIZE, SETTINGS, async ({ settingsOf }) => {
      await answersRightly(await openLibrary(settingsOf(library, "node-redis")), kinds)
    }),
  )

  it.each(["memory:", "sqlite:"])("answers rightly without a server: %s", async (scheme) => {
    await using folder = await temporaryFolder()
    const url = scheme === "memory:" ? scheme : `${scheme}${join(folder.path, "sessions.db")}`
    const settings = { library: "coatcheck at an address", client: "node-redis", names: [], ...SIZE, url } as const
    await answersRightly(await openLibrary(settings), [...CHANGES, "list"])
  })

  it("leaves a store as large as it was by what it creates without a server", async () => {
    const made: number[] = []
    const left = new Set<number>()
    const work = makingMore(
      async (at) => {
        left.add(at)
        return at
      },
      async (at) => left.delete(at) && made.push(at),
    )
    for (const at of [0, 1, 2]) await work.call(at)
    expect(left.size).toBe(3)
    await work.refill?.()
    await work.refill?.()
    expect(left.size).toBe(0)
    expect(new Set(made)).toEqual(new Set([0, 1, 2]))
  })

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
