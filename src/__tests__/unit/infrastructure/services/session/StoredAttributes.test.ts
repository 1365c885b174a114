import { isDeepStrictEqual } from "node:util"
import { expect, it } from "vitest"
import { StoredAttributes } from "../../../../../infrastructure/services/session/StoredAttributes.js"

const hang = (stored: string) => StoredAttributes.hang({ version: 1 }, stored)

it("is an own property that is read as any other", () => {
  const plain = { version: 1, attributes: { a: [1, { b: null }] } }
  const session = hang(JSON.stringify(plain.attributes))
  expect(Object.keys(session)).toEqual(["version", "attributes"])
  expect(Object.getPrototypeOf(session)).toBe(Object.prototype)
  expect(JSON.stringify(session)).toBe(JSON.stringify(plain))
  expect({ ...session }).toStrictEqual(plain)
  expect(structuredClone(session)).toStrictEqual(plain)
  expect(isDeepStrictEqual(session, plain)).toBe(true)
})

it("is parsed once, so that it is one and the same object", () => {
  const session = hang('{"a":1}')
  expect(session.attributes).toBe(session.attributes)
})

it("belongs to its session alone", () => {
  const stored = '{"a":1}'
  const [mine, theirs] = [hang(stored), hang(stored)]
  Object.assign(mine.attributes as object, { a: 2 })
  expect([mine.attributes, theirs.attributes]).toEqual([{ a: 2 }, { a: 1 }])
})

it("says without quoting it that what is stored is no JSON", () => {
  expect(() => hang('{"secret').attributes).toThrow(expect.objectContaining({ code: "ERR_SESSION_CORRUPT", message: expect.not.stringContaining("secret") }))
})
