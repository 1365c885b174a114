import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseHandle, parseToken } from "../../../../../domain/session/ticket.js"
import { newOperationId, newSecret, newSessionId, newTag, userKey } from "../../../../../infrastructure/services/session/randomness.js"

describe("random texts", () => {
  it("make tickets of the exact form", () => {
    for (let n = 0; n < 2_000; n += 1) {
      const handle = `${newTag()}.${newSessionId()}`
      expect(parseHandle(handle)).not.toBeNull()
      expect(parseToken(`${handle}.${newSecret()}`)).not.toBeNull()
      expect(newOperationId()).toMatch(/^[\w-]{6}$/)
    }
  })

  it.each([
    ["ids", newSessionId, 20_000],
    ["secrets", newSecret, 20_000],
    ["operation ids", newOperationId, 300],
  ] as const)("%s do not repeat", (_what, make, count) => {
    expect(new Set(Array.from({ length: count }, make)).size).toBe(count)
  })

  it("use every letter in every place", () => {
    const seen = Array.from({ length: 43 }, () => new Set<string>())
    for (let n = 0; n < 4_000; n += 1) {
      for (const [at, letter] of newSecret().split("").entries()) seen[at]?.add(letter)
    }
    // The last of 43 letters carries four bits.
    expect(seen.map((letters) => letters.size)).toEqual([...Array.from({ length: 42 }, () => 64), 16])
  })
})

describe("the place of a user", () => {
  it("is a hash: the same for the same text, byte for byte", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (userId) => {
        const digest = createHash("sha256").update(userId, "utf8").digest()
        expect(userKey(userId)).toEqual({ tag: digest.subarray(0, 2).toString("base64url"), user: digest.toString("base64url").slice(0, 22) })
      }),
    )
  })

  it("differs for two spellings of one name", () => {
    expect(userKey("é".normalize("NFC"))).not.toEqual(userKey("é".normalize("NFD")))
    expect(userKey("ada").user).not.toBe(userKey("Ada").user)
  })
})
