import { isDeepStrictEqual } from "node:util"
import { expect, it } from "vitest"
import { plainObjects } from "../../../../../infrastructure/services/session/plain-objects.js"

const Point = plainObjects<{ readonly x: number; readonly y: number | null }, [x: number, y: number | null]>(function (x, y) {
  this.x = x
  this.y = y
})

it("makes what nobody can tell from a literal", () => {
  const point = new Point(3, null)
  const literal = { x: 3, y: null }
  expect(isDeepStrictEqual(point, literal)).toBe(true)
  expect(Object.getPrototypeOf(point)).toBe(Object.prototype)
  expect([Object.keys(point), JSON.stringify(point), { ...point }, structuredClone(point)]).toEqual([["x", "y"], '{"x":3,"y":null}', literal, literal])
})

it("makes objects of their own, which leave nothing behind on other objects", () => {
  const [one, two] = [new Point(1, 2), new Point(3, 4)]
  expect([one, two]).toEqual([
    { x: 1, y: 2 },
    { x: 3, y: 4 },
  ])
  expect("x" in {}).toBe(false)
})
