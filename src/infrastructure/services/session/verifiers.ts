import { createHmac, hash, timingSafeEqual } from "node:crypto"
import { expected, UnexpectedValue } from "../../../shared/assertions.js"

/** Turns secrets into what is stored of them: 132 bits of a hash, 22 characters. */
export interface Verifiers {
  /** What a new secret is stored as. */
  issue(secret: string): string
  /** What a secret may have been stored as, the most likely first. */
  candidates(secret: string): readonly string[]
  /** The candidate that equals a stored verifier, compared in constant time; `null` when none does. */
  match(secret: string, ...stored: readonly string[]): string | null
}

const LENGTH = 22
/** Stands in `secrets` for verifiers from before there were any. */
const PLAIN = "sha256"
const MIN_SECRET_LENGTH = 32

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
    match(secret, ...stored) {
      let found: string | null = null
      for (const scheme of schemes) {
        const candidate = scheme(secret)
        for (const verifier of stored) {
          if (verifier.length === LENGTH && timingSafeEqual(Buffer.from(candidate, "latin1"), Buffer.from(verifier, "latin1"))) found = verifier
        }
        if (found !== null) return found
      }
      return found
    },
  }
}

function assertSecrets(secrets: unknown): asserts secrets is readonly string[] {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > 8) throw expected("secrets", "a list of 1 to 8 keys", secrets)
  for (const [index, key] of secrets.entries()) {
    if (key === PLAIN && index > 0) continue
    if (typeof key !== "string" || key.length < MIN_SECRET_LENGTH) throw expected(`secrets[${index}]`, `a key of at least ${MIN_SECRET_LENGTH} characters`, key)
    if (new Set(key).size < 10) throw new UnexpectedValue(`Expected secrets[${index}] to be random, got fewer than 10 different characters.`)
  }
  if (new Set(secrets).size !== secrets.length) throw new UnexpectedValue("Expected secrets to differ from each other, got one twice.")
}
