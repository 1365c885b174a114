import { expect, it } from "vitest"
import { Traveling } from "../sessions/Traveling.js"

it("what is asked for in one turn travels together, so many at a time, and each gets its own answer", async () => {
  const sent: (readonly number[])[] = []
  const double = new Traveling().batch(2, async (some: readonly number[]) => {
    sent.push(some)
    return some.map((one) => 2 * one)
  })
  expect(await Promise.all([1, 2, 3].map(double))).toEqual([2, 4, 6])
  expect(await double(4)).toBe(8)
  expect(sent).toEqual([[1, 2], [3], [4]])
})

it("what fails fails for those who travelled in it", async () => {
  const fail = new Traveling().batch(2, async (some: readonly number[]) => {
    if (some.includes(3)) throw new Error("three")
    return some
  })
  expect(await Promise.allSettled([1, 2, 3].map(fail))).toMatchObject([{ value: 1 }, { value: 2 }, { reason: { message: "three" } }])
})
