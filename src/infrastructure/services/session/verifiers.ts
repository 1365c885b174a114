import { createHmac, hash } from "node:crypto"
import { expected, UnexpectedValue } from "../../../shared/assertions.js"
import { isSameText } from "../../../shared/constant-time.js"

/** Turns secrets into what is stored of them: 132 bits of a hash, 22 characters. */
export interface Verifiers {
  /** What a new secret is stored as. */
  issue(secret: string): string
  /** What a secret may have been stored as, the most likely first. */
  candidates(secret: string): readonly string[]
  /** The candidate that equals the stored verifier, or the one before it, compared in constant time; `null` when none does. */
  match(secret: string, stored: string, previous?: string | null): string | null
}

const LENGTH = 22
/** Stands in `secrets` for verifiers from before there were any. */
const PLAIN = "sha256"
/** As many as the hash is long, and as a random key needs; of text, which holds less than eight bits in each. */
const KEY_BYTES = 32
/** Of random bytes as hexadecimal text, the least varied way to write a key, fewer come once in a million keys. */
const DIFFERENT_CHARACTERS = 10
const REMEDY = "Make one with: openssl rand -base64 32"

const plain = (secret: string): string => hash("sha256", secret, "base64url").slice(0, LENGTH)
const keyed = (key: string) => (secret: string) => createHmac("sha256", key).update(secret).digest("base64url").slice(0, LENGTH)

/**
 * @param secrets keys for HMAC-SHA-256; without them verifiers are plain SHA-256, which suffices for secrets of 256 random bits
 * @throws UnexpectedValue
 */
export function createVerifiers(secrets: readonly string[] | undefined): Verifiers {
  if (secrets !== undefined) assertSecrets(secrets)
  const schemes = secrets === undefined ? [plain] : secrets.map((key) => (key === PLAIN ? plain : keyed(key)))
  const [first = plain] = schemes
  const candidates = schemes.length === 1 ? (secret: string) => [first(secret)] : (secret: string) => schemes.map((scheme) => scheme(secret))
  return {
    issue: first,
    candidates,
    match(secret, stored, previous = null) {
      for (const scheme of schemes) {
        const candidate = scheme(secret)
        const [isPrevious, isCurrent] = [previous !== null && isSameText(candidate, previous), isSameText(candidate, stored)]
        if (isCurrent || isPrevious) return candidate
      }
      return null
    },
  }
}

function assertSecrets(secrets: unknown): asserts secrets is readonly string[] {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > 8) throw expected("secrets", "a list of 1 to 8 keys", secrets)
  for (const [index, key] of secrets.entries()) {
    if (key === PLAIN && index > 0) continue
    if (typeof key !== "string" || Buffer.byteLength(key) < KEY_BYTES)
      throw new UnexpectedValue(`${expected(`secrets[${index}]`, `a random key of at least ${KEY_BYTES} bytes`, key).message} ${REMEDY}`)
    const weakness = weaknessOf(key)
    if (weakness !== null) throw new UnexpectedValue(`Expected secrets[${index}] to be random, got ${weakness}. ${REMEDY}`)
  }
  if (new Set(secrets).size !== secrets.length) throw new UnexpectedValue("Expected secrets to differ from each other, got one twice.")
}

/** What shows that a key was not drawn at random; `null`: nothing. */
function weaknessOf(key: string): string | null {
  if (new Set(key).size < DIFFERENT_CHARACTERS) return `fewer than ${DIFFERENT_CHARACTERS} different characters`
  // A text that repeats itself is found in its own double before its end.
  if ((key + key).indexOf(key, 1) < key.length) return "a shorter text several times over"
  const steps = new Set(Array.from(key.slice(1), (character, at) => character.charCodeAt(0) - key.charCodeAt(at)))
  return steps.size < DIFFERENT_CHARACTERS / 2 ? "characters that follow each other" : null
}
