import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { SessionKeys } from "../../../../infrastructure/redis/session-keys.js"
import { newSessionId, newTag, userKey } from "../../../../infrastructure/services/session/randomness.js"

const prefixes = fc.string({ unit: fc.constantFrom(..."abcXYZ019:._-".split("")), maxLength: 64 })

describe("keys", () => {
  it("have the names that the design fixes", () => {
    const keys = new SessionKeys("")
    expect(keys.session({ tag: "AbE", id: "i".repeat(22) })).toBe(`session:{AbE}.${"i".repeat(22)}`)
    expect(keys.index({ tag: "AbE", user: "u".repeat(22) })).toBe(`user_sessions:{AbE}:${"u".repeat(22)}`)
    expect(new SessionKeys("shop:").session({ tag: "AbE", id: "i".repeat(22) })).toBe(`shop:session:{AbE}.${"i".repeat(22)}`)
  })

  it("are read back as they were written, under any prefix, and not under another", () => {
    fc.assert(
      fc.property(prefixes, prefixes, fc.string({ minLength: 1 }), (prefix, other, userId) => {
        const keys = new SessionKeys(prefix)
        const handle = { tag: newTag(), id: newSessionId() }
        const place = userKey(userId)
        expect(keys.parseSession(keys.session(handle))).toEqual(handle)
        expect(keys.parseIndex(keys.index(place))).toEqual(place)
        expect(keys.parseSession(keys.index(place))).toBeNull()
        expect(keys.parseIndex(keys.session(handle))).toBeNull()
        if (other !== prefix) expect(new SessionKeys(other).parseSession(keys.session(handle))).toBeNull()
      }),
    )
  })

  it("the dot of a prefix is a dot", () => {
    expect(new SessionKeys("a.b:").parseSession(`axb:session:{AAA}.${"A".repeat(22)}`)).toBeNull()
  })

  it("a user's sessions and list lie in one slot: the same text stands between the first braces", () => {
    const place = userKey("ada")
    const keys = new SessionKeys("shop:")
    const slot = (key: string): string | undefined => /\{(.*?)\}/.exec(key)?.[1]
    expect(slot(keys.session({ tag: place.tag, id: newSessionId() }))).toBe(slot(keys.index(place)))
  })

  it.each(["session:{AAA}.x", "session:AAA.AAAAAAAAAAAAAAAAAAAAAA", "user_sessions:{AAA}:x", "rate_limit:{x}:y", "", "session:{AAA}.AAAAAAAAAAAAAAAAAAAAAA\n"])(
    "%j is none",
    (key) => {
      const keys = new SessionKeys("")
      expect(keys.parseSession(key)).toBeNull()
      expect(keys.parseIndex(key)).toBeNull()
    },
  )

  it("patterns match the keys of their prefix", () => {
    const keys = new SessionKeys("shop:")
    const glob = (pattern: string): RegExp => new RegExp(`^${pattern.replaceAll(/[.{}]/g, "\\$&").replaceAll("*", ".*")}$`)
    const place = userKey("ada")
    const session = keys.session({ tag: place.tag, id: newSessionId() })
    expect(session).toMatch(glob(keys.pattern))
    expect(keys.index(place)).toMatch(glob(keys.pattern))
    expect(session).toMatch(glob(keys.patternOf(place.tag)))
    expect(keys.index(place)).not.toMatch(glob(keys.patternOf(place.tag)))
    expect(new SessionKeys("blog:").session({ tag: place.tag, id: newSessionId() })).not.toMatch(glob(keys.pattern))
  })
})
