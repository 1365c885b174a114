import { hash } from "node:crypto"
import { canonicalAddress, networkOf } from "../../../shared/addresses.js"
import { expected, UnexpectedValue } from "../../../shared/assertions.js"

const KINDS = ["address", "userId", "sessionId", "device", "key"] as const
const MOST_BYTES = 512
/** No address reads like this. */
const UNREADABLE = ""

/**
 * A subject as this process knows it: its kind, a NUL, and its value of at most 512 bytes. Two kinds never meet.
 *
 * @param ipv6Bits - by how much of an IPv6 address subjects are told apart
 * @throws UnexpectedValue
 */
export function subjectText(given: unknown, ipv6Bits: number): string {
  if (typeof given !== "object" || given === null) throw expected("subject", "an object with one of address, userId, sessionId, device and key", given)
  const [kind, value] = onlyEntry(given)
  const known = KINDS.find((one) => one === kind)
  if (known === undefined) throw expected("subject", "an object with exactly one of address, userId, sessionId, device and key", given)
  return `${known}\0${known === "address" ? addressText(value, ipv6Bits) : checkedText(value, `subject.${known}`)}`
}

/** A subject as stores know it: 22 characters, 132 bits of a hash. No byte of its value gets into a key. */
export function subjectName(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 22)
}

/** Read once; nothing where there are several. */
function onlyEntry(given: object): readonly [string, unknown] | readonly [] {
  try {
    const [kind, ...more] = Object.keys(given)
    return kind === undefined || more.length > 0 ? [] : [kind, (given as Readonly<Record<string, unknown>>)[kind]]
  } catch {
    throw new UnexpectedValue("Expected a subject that can be read, got an object that throws when it is read.")
  }
}

function addressText(address: unknown, ipv6Bits: number): string {
  if (address !== undefined && typeof address !== "string") throw expected("subject.address", "text, or undefined where it is not known", address)
  const canonical = canonicalAddress(address)
  return canonical === undefined ? UNREADABLE : networkOf(canonical, ipv6Bits)
}

function checkedText(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "" || value.length > MOST_BYTES || Buffer.byteLength(value) > MOST_BYTES || !value.isWellFormed())
    throw expected(name, `1 to ${MOST_BYTES} bytes of well-formed text`, value)
  return value
}
