import { describe, expect, it } from "vitest"
import { neverDue, readWithDueTouches } from "../sessions/due-touches.js"
import { entryAt, shuffled } from "../sessions/order.js"
import { PAYLOAD_BYTES, payloadOf } from "../sessions/payload.js"
import { usingUp } from "../sessions/pool.js"

describe("payloadOf", () => {
  it("has the same size for each user", () => {
    for (const user of [0, 7, 99_999, 9_999_999]) expect(Buffer.byteLength(JSON.stringify(payloadOf(user)))).toBe(PAYLOAD_BYTES)
  })
})

describe("shuffled", () => {
  it("holds each number once, in another order, the same each time", () => {
    const order = shuffled(1_000)
    expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, at) => at))
    expect(order.filter((number, at) => number === at).length).toBeLessThan(20)
    expect(shuffled(1_000)).toEqual(order)
  })

  it("is walked through again and again", () => expect([0, 1, 2, 3].map((at) => entryAt(["a", "b"], [1, 0], at))).toEqual(["b", "a", "b", "a"]))
})

describe("reading with touches that are due", () => {
  it("leaves all others alone", () => expect(neverDue(Array.from({ length: 121 }, (_, at) => at + 1)).slice(57, 62)).toEqual([59, 60, 62, 63, 64]))

  it("makes each 60th of the coming sessions old, and no other", async () => {
    const tokens = Array.from({ length: 200 }, (_, at) => `tag.${at}.secret`) as never[]
    const order = tokens.map((_, at) => at)
    const aged: string[] = []
    const raw = { setRange: async (key: string) => aged.push(key) }
    const work = readWithDueTouches(async (token) => token, { raw, tokens, order, ms: 0.3 })
    await work.refill?.()
    expect(aged).toEqual(["session:{tag}.0", "session:{tag}.60"])
    for (let at = 0; at < 70; at++) await work.call(at)
    aged.length = 0
    await work.refill?.()
    // Of 200 sessions 180 take part, so the next walk begins with the first.
    expect(aged).toEqual(["session:{tag}.120", "session:{tag}.0"])
  })
})

describe("work that uses up", () => {
  it("uses each once, and lays more ready where it ran out", async () => {
    const used = new Set<number>()
    let made = 0
    const work = usingUp(
      async (at) => {
        made++
        return at
      },
      async (one) => !used.has(one) && Boolean(used.add(one)),
      4,
    )
    await work.refill?.()
    const atFirst = made
    for (let at = 0; at <= atFirst; at++) expect(await work.call(at)).toBe(true)
    await work.refill?.()
    expect(made).toBeGreaterThan(2 * atFirst)
    expect(used.size).toBe(atFirst + 1)
  })
})
