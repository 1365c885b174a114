import { isDeepStrictEqual } from "node:util"
import { describe, expect, it } from "vitest"
import { StoredJson } from "../../../../../infrastructure/services/session/StoredJson.js"

const NAMES = ["device", "attributes"] as const
const hang = (stored: string, attributes: string | object = stored) => StoredJson.hang({ version: 1 }, stored, attributes)

it("are own properties that are read as any other", () => {
  const plain = { version: 1, device: { a: [1, { b: null }] }, attributes: { a: [1, { b: null }] } }
  const session = hang(JSON.stringify(plain.attributes))
  expect(Object.keys(session)).toEqual(["version", ...NAMES])
  expect(Object.getPrototypeOf(session)).toBe(Object.prototype)
  expect(JSON.stringify(session)).toBe(JSON.stringify(plain))
  expect({ ...session }).toStrictEqual(plain)
  expect(structuredClone(session)).toStrictEqual(plain)
  expect(isDeepStrictEqual(session, plain)).toBe(true)
})

describe.each(NAMES)("%s", (name) => {
  it("is parsed once, so that it is one and the same object", () => {
    const session = hang('{"a":1}')
    expect(session[name]).toBe(session[name])
    expect(session[name]).toEqual({ a: 1 })
  })

  it("belongs to its session alone", () => {
    const stored = '{"a":1}'
    const [mine, theirs] = [hang(stored), hang(stored)]
    Object.assign(mine[name] as object, { a: 2 })
    expect([mine[name], theirs[name]]).toEqual([{ a: 2 }, { a: 1 }])
  })

  it("says without quoting it that what is stored is no JSON", () => {
    expect(() => hang('{"secret')[name]).toThrow(expect.objectContaining({ code: "ERR_SESSION_CORRUPT", message: expect.not.stringContaining("secret") }))
  })
})

it("takes attributes that are an object as they are", () => {
  const attributes = { a: 1 }
  expect(hang("{}", attributes).attributes).toBe(attributes)
})
