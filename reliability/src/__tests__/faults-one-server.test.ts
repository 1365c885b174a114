import { describe, expect, it } from "vitest"
import { prefixFound } from "../faults/acknowledged-prefix.js"
import { survivedOf } from "../faults/fault-row.js"
import { onOneServer } from "../faults/on-one-server.js"
import { onOneRateServer } from "../faults/rates/on-one-rate-server.js"
import { QUICK_SITE } from "./quick-site.js"

describe("rows on one server", () => {
  it("a store that forgets what it acknowledged fails its row", { timeout: 600_000 }, async () => {
    const found = await onOneServer(QUICK_SITE, {}, async ({ load, ask }) => {
      await load.run(200)
      await ask("FLUSHALL")
      return { tried: 1, why: [] }
    })
    expect(survivedOf(found)).toBe(0)
    expect(found.why.join("\n")).toMatch(/V6/)
  })

  it("a store that forgets what was counted fails its row, and so does one that is away without a word", { timeout: 600_000 }, async () => {
    const forgetful = await onOneRateServer(QUICK_SITE, { timeoutMs: 5_000 }, async ({ load, ask }) => {
      // More often than any formula has patience for.
      for (let i = 0; i < 20; i++) {
        await load.run(50)
        await ask("FLUSHALL")
      }
      return { tried: 1 }
    })
    expect(forgetful.why.join("\n")).toMatch(/L1/)
    const full = await onOneRateServer(QUICK_SITE, {}, async ({ load, ask }) => {
      await load.run(200)
      await ask("CONFIG", "SET", "maxmemory", "1")
      await load.run(200)
      await ask("CONFIG", "SET", "maxmemory", "0")
      return { tried: 1 }
    })
    expect(full.why.join("\n")).toMatch(/when nothing was done to it/)
    expect([survivedOf(forgetful), survivedOf(full)]).toEqual([0, 0])
  })
})

describe("what is left of acknowledged changes", () => {
  const changes = [
    { token: "a", version: 1 },
    { token: "b", version: 1 },
    { token: "a", version: 2 },
    { token: "b", version: 0 },
  ]

  it.each([
    [[], 0],
    [[["a", 1]], 1],
    [
      [
        ["a", 2],
        ["b", 1],
      ],
      3,
    ],
    [[["a", 2]], 4],
    [[["b", 1]], undefined],
    [[["a", 3]], undefined],
  ] as [[string, number][], number | undefined][])("%j is the state after %s of them", (found, expected) => {
    expect(prefixFound(changes, new Map(found))).toBe(expected)
  })
})
