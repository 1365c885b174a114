import { createHash, createHmac, randomBytes } from "node:crypto"
import { describe, expect, it } from "vitest"
import { newSecret } from "../../../../../infrastructure/services/session/randomness.js"
import { createVerifiers } from "../../../../../infrastructure/services/session/verifiers.js"
import { UnexpectedValue } from "../../../../../shared/assertions.js"

const NEW = "a-newer-key-of-the-application-9876543210"
const OLD = "an-older-key-of-the-application-0123456789"
const SECRET = newSecret()
const sha = createHash("sha256").update(SECRET).digest("base64url").slice(0, 22)
const hmac = (key: string): string => createHmac("sha256", key).update(SECRET).digest("base64url").slice(0, 22)

describe("verifiers", () => {
  it("are the first 132 bits of SHA-256 without secrets", () => {
    const verifiers = createVerifiers(undefined)
    expect(verifiers.issue(SECRET)).toBe(sha)
    expect(verifiers.candidates(SECRET)).toEqual([sha])
  })

  it("are those of HMAC-SHA-256 with secrets: the first writes, all verify", () => {
    const verifiers = createVerifiers([NEW, OLD])
    expect(verifiers.issue(SECRET)).toBe(hmac(NEW))
    expect(verifiers.candidates(SECRET)).toEqual([hmac(NEW), hmac(OLD)])
    expect(verifiers.match(SECRET, hmac(OLD))).toBe(hmac(OLD))
  })

  it("of plain SHA-256 are refused once there are secrets, unless listed", () => {
    expect(createVerifiers([NEW]).match(SECRET, sha)).toBeNull()
    expect(createVerifiers([NEW, "sha256"]).match(SECRET, sha)).toBe(sha)
    expect(createVerifiers([NEW, "sha256"]).issue(SECRET)).toBe(hmac(NEW))
  })

  it("match the one that is stored, and tell which", () => {
    const { match } = createVerifiers(undefined)
    const other = createVerifiers(undefined).issue(newSecret())
    expect(match(SECRET, sha)).toBe(sha)
    expect(match(SECRET, other, sha)).toBe(sha)
    expect(match(SECRET, other)).toBeNull()
    expect(match(newSecret(), sha, other)).toBeNull()
  })

  it.each(["", "x", sha.slice(0, -1), `${sha}A`, "é".repeat(22), "\u0000".repeat(22)])("never match %j, nor fail at it", (stored) => {
    expect(createVerifiers(undefined).match(SECRET, stored)).toBeNull()
  })

  it.each([
    [[]],
    [["short"]],
    [["x".repeat(40)]],
    [["changeme-2026".repeat(3)]],
    [["0123456789abcdef".repeat(4)]],
    [[Array.from({ length: 40 }, (_, n) => String.fromCharCode(40 + n)).join("")]],
    [["\u{1f511}".repeat(8)]],
    [[NEW, NEW]],
    [["sha256"]],
    [["sha256", NEW]],
    [Array.from({ length: 9 }, (_, n) => `${NEW}${n}`)],
    [NEW],
    [{}],
    [[NEW, 5]],
    [[NEW, null]],
  ])("refuse as secrets: %j", (secrets) => {
    expect(() => createVerifiers(secrets as never)).toThrow(UnexpectedValue)
    expect(() => createVerifiers(secrets as never)).toThrow(/^(?!.*of-the-application)/)
  })

  it("name the remedy for a weak key", () => {
    for (const key of ["short", "x".repeat(40), "changeme-2026".repeat(3)]) expect(() => createVerifiers([key])).toThrow(/openssl rand -base64 32$/)
  })

  it("take random keys, whichever way they are written", () => {
    for (let n = 0; n < 2_000; n += 1) {
      const bytes = randomBytes(32)
      for (const encoding of ["hex", "base64", "base64url"] as const) createVerifiers([bytes.toString(encoding)])
    }
  })
})
