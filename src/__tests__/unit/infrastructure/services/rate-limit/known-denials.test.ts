import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { KnownDenials } from "../../../../../infrastructure/services/rate-limit/known-denials.js"

const denied = { at: 1_800_000_000_000_000, taken: false, blockedFor: 0, wait: 500_000, used: 5, ends: 2_000_000 }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] })
})
afterEach(() => {
  vi.useRealTimers()
})

it("holds a denial until what was denied could be allowed, and no longer", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  denials.remember("k", { cost: 2, sentAt: performance.now(), judgement: denied })
  expect(denials.find("k", 2)).toEqual(denied)
  vi.advanceTimersByTime(499)
  expect(denials.find("k", 2)).toEqual({ ...denied, at: denied.at + 499_000, wait: 1_000, ends: 1_501_000 })
  vi.advanceTimersByTime(1)
  expect(denials.find("k", 2)).toBeNull()
})

it("holds a block to its end, and a limit that was reached for a second at most: another process may give units back", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  denials.remember("limit", { cost: 1, sentAt: performance.now(), judgement: { ...denied, wait: 3_600_000_000 } })
  denials.remember("block", { cost: 1, sentAt: performance.now(), judgement: { ...denied, wait: 3_600_000_000, blockedFor: 60_000_000 } })
  vi.advanceTimersByTime(999)
  expect(denials.find("limit", 1)).toMatchObject({ wait: 3_599_001_000 })
  vi.advanceTimersByTime(1)
  expect(denials.find("limit", 1)).toBeNull()
  vi.advanceTimersByTime(58_999)
  expect(denials.find("block", 1)).toMatchObject({ blockedFor: 1_000 })
  vi.advanceTimersByTime(1)
  expect(denials.find("block", 1)).toBeNull()
})

it("says nothing of another number of units, which may wait for less or more, nor of other places", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  denials.remember("k", { cost: 2, sentAt: performance.now(), judgement: denied })
  expect(denials.find("k", 1)).toBeNull()
  expect(denials.find("k", 3)).toBeNull()
  expect(denials.find("other", 2)).toBeNull()
})

it("knows of a block whatever the number of units", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  denials.remember("k", { cost: 1, sentAt: performance.now(), judgement: { ...denied, blockedFor: 60_000_000 } })
  expect(denials.find("k", 2)).toMatchObject({ blockedFor: 60_000_000 })
})

it("drops what was said of a place, and still hears what is said of it", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  const denial = { cost: 2, sentAt: performance.now(), judgement: denied }
  denials.remember("k", denial)
  denials.drop("k")
  expect(denials.find("k", 2)).toBeNull()
  denials.remember("k", denial)
  expect(denials.find("k", 2)).toEqual(denied)
})

it("forgets what was reset here, and a denial that was judged before that and heard of after", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  const sentAt = performance.now()
  denials.remember("k", { cost: 1, sentAt, judgement: denied })
  denials.forget("k")
  expect(denials.find("k", 1)).toBeNull()
  denials.remember("k", { cost: 1, sentAt, judgement: denied })
  expect(denials.find("k", 1)).toBeNull()
})

it("is bounded: of many the latest ten thousand are known, and the oldest forgotten", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  for (let place = 0; place <= 20_000; place += 1) denials.remember(`k${place}`, { cost: 1, sentAt: performance.now(), judgement: denied })
  expect(["k0", "k9999", "k10000", "k20000"].map((key) => denials.find(key, 1)?.wait)).toEqual([undefined, undefined, 500_000, 500_000])
})

it("forgets what came back from the last generation, too", () => {
  const denials = new KnownDenials()
  vi.advanceTimersByTime(10)
  const remember = (key: string) => denials.remember(key, { cost: 1, sentAt: performance.now(), judgement: denied })
  for (let place = 0; place < 10_000; place += 1) remember(`k${place}`)
  remember("k0")
  denials.forget("k0")
  expect([denials.find("k0", 1), denials.find("k1", 1)?.wait]).toEqual([null, 500_000])
})
