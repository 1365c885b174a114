import { describe, expect, it } from "vitest"
import { apart, readUsedLately, readWithDueTouches } from "../sessions/due-touches.js"
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
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at)

  it.each([
    ["one in sixty", 6_000, 1, 100],
    ["as many as a slice can use up", 6_000, 80, 534],
    ["half of a small store", 200, 80, 100],
    ["none of a few", 16, 80, 0],
  ])("makes %s old, and leaves all others alone", (_, stored, ms, expected) => {
    const { due, rested } = apart(numbers(stored), ms)
    expect(due).toHaveLength(expected)
    expect([...due, ...rested]).toEqual(numbers(stored))
  })

  it("takes one of them each 60th time, which was made old before the slice", async () => {
    const tokens = numbers(200).map((at) => `tag.${at}.secret`) as never[]
    const aged = new Set<string>()
    const raw = { setRange: async (key: string) => aged.add(key) }
    const ms = 0.3
    const { due } = apart(numbers(200), ms)
    const read: string[] = []
    const work = readWithDueTouches(async (token) => read.push(`session:{tag}.${token.split(".")[1]}`), { raw, tokens, order: numbers(200), ms })
    const touched: number[] = []
    for (let slice = 0, at = 0; slice < 5; slice++) {
      await work.refill?.()
      for (const end = at + 70; at < end; at++) {
        read.length = 0
        await work.call(at)
        if (aged.delete(read[0] ?? "")) touched.push(at)
      }
    }
    expect(due).toHaveLength(3)
    expect(touched).toEqual([0, 60, 120, 180, 240, 300])
  })
})

describe("reading with a touch each time", () => {
  it("takes each in turn, and what the next slice takes was used a second before it", async () => {
    const tokens = Array.from({ length: 1_000 }, (_, at) => `tag.${at}.secret`) as never[]
    const agoMs = new Map<string, number>()
    const raw = { setRange: async (key: string, _offset: number, time: string) => agoMs.set(key, Date.now() - Number(time)) }
    const read: string[] = []
    const order = shuffled(1_000)
    const work = readUsedLately(async (token) => read.push(`session:{tag}.${token.split(".")[1]}`), { raw, tokens, order, ms: 2 })
    for (let slice = 0, at = 0; slice < 5; slice++) {
      agoMs.clear()
      read.length = 0
      await work.refill?.()
      for (const end = at + 250; at < end; at++) await work.call(at)
      expect(read).toHaveLength(250)
      for (const key of read) expect(agoMs.get(key)).toBeGreaterThanOrEqual(1_000)
      expect(agoMs.size).toBe(300)
    }
  })
})

describe("work that uses up", () => {
  it("lays as much ready as a Map uses up", async () => {
    const work = usingUp(
      async (at) => at,
      async () => true,
      20_000,
    )
    await work.refill?.()
    expect(await work.call(0)).toBe(true)
  })

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
