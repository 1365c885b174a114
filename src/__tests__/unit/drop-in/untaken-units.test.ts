import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { UntakenUnits } from "../../../drop-in/untaken-units.js"

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }))
afterEach(() => void vi.useRealTimers())

it("settles each untaken unit once, by its key", () => {
  const units = new UntakenUnits()
  for (let call = 0; call < 2; call += 1) units.add("ada", Date.now() + 1_000)
  expect([units.settle("bob"), units.settle("ada"), units.settle("ada"), units.settle("ada")]).toEqual([false, true, true, false])
})

it("forgets what nobody asks for any more", () => {
  const units = new UntakenUnits()
  units.add("ada", Date.now() + 1_000)
  vi.setSystemTime(Date.now() + 1_000)
  expect(units.settle("ada")).toBe(false)
})

it("gives nothing back while more keys were denied than it keeps", () => {
  const units = new UntakenUnits()
  for (let key = 0; key < 10_000; key += 1) units.add(`key ${key}`, Date.now() + 1_000)
  expect(units.settle("ada")).toBe(false)
  units.add("one more", Date.now() + 2_000)
  expect([units.settle("one more"), units.settle("ada")]).toEqual([true, true])
  vi.setSystemTime(Date.now() + 2_000)
  expect(units.settle("ada")).toBe(false)
  units.add("ada", Date.now() + 1_000)
  expect([units.settle("ada"), units.settle("ada")]).toEqual([true, false])
})
