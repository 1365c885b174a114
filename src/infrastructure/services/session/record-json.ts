import { crc32 } from "node:zlib"
import { SessionError } from "../../../domain/errors.js"
import { type Body, type FixedFields, NO_DEVICE, type SessionRecord, StoredRecord } from "../../../domain/session/record.js"
import type { Handle } from "../../../domain/session/ticket.js"
import { isBase64url } from "../../../shared/base64url.js"
import { StoredBody, StoredFields } from "./record-parts.js"

// A record is one JSON text in three parts: a head of fixed width, which scripts read and write in place; what never changes; and the body, which the caller writes.
//
// {"lastAccessedAt":<13>,"head":[<idle 11>,<slack 8>,<layout 1>,<version 9>,<absolute 13>,<created µs 16>,"<operation ids 24>","<verifier 22>",<authenticated 13>],
// "previous":"<22>","until":<13>,                     only while a rotation's grace lasts
// "userId":…,"device":…,                              each only where there is one
// "body":["<crc32 8>",<schema version>,{…attributes}]}
//
// The checksum covers all that an application writes and no script changes: the fields from "userId" on, and what follows the checksum.

/** The layout that this release writes, and the only one it reads. */
const LAYOUT = 1
const HEAD_LENGTH = 171
const PREVIOUS_LENGTH = 58
/** In place of a time of authentication, where there is none. */
const NEVER = "null".padStart(13)
const BODY_MARKER = '"body":["'
const CRC_LENGTH = 8
/** Of a schema. */
const MOST_VERSION_DIGITS = 5
/** Scripts look for the body no further than this. */
const BODY_BY = 4_096

const SPACE = 32
const ZERO = 48
const QUOTE = 34
const LETTER_A = 97
/** A head, with a `·` wherever something varies, and the places of everything else. */
const HEAD_FORM =
  '{"lastAccessedAt":·············,"head":[···········,········,·,·········,·············,················,"························","······················",·············],'
const HEAD_PLACES: readonly number[] = Array.from(HEAD_FORM, (character, at) => (character === "·" ? -1 : at)).filter((at) => at >= 0)
const USER = '"userId":"'
const DEVICE = ',"device":'
const ATTRIBUTES = ",{"

/** The whole record as stored. */
export function encodeRecord(record: SessionRecord): string {
  const fixed = encodeFixed(record.fixed)
  return encodeHead(record) + encodePrevious(record.previous) + fixed + encodeBody(record.body, fixed)
}

function encodeHead(record: SessionRecord): string {
  const pad = (value: number, width: number): string => String(value).padStart(width)
  return (
    `{"lastAccessedAt":${pad(record.lastAccessedAt, 13)},"head":[${pad(record.idleTimeout, 11)},${pad(record.slack, 8)},${LAYOUT},${pad(record.version, 9)},` +
    `${pad(record.absoluteDeadline, 13)},${pad(record.createdMicros, 16)},"${record.operations}","${record.verifier}",${record.authenticatedAt === null ? NEVER : pad(record.authenticatedAt, 13)}],`
  )
}

function encodePrevious(previous: SessionRecord["previous"]): string {
  return previous === null ? "" : `"previous":"${previous.verifier}","until":${String(previous.until).padStart(13)},`
}

/** What never changes. */
export function encodeFixed(fixed: FixedFields): string {
  return fixed.stored ?? renderFixed(fixed)
}

function renderFixed(fixed: FixedFields): string {
  let text = ""
  if (fixed.userId !== null) text += `"userId":${JSON.stringify(fixed.userId)},`
  if (fixed.pendingUserId !== null) text += `"pendingUserId":${JSON.stringify(fixed.pendingUserId)},`
  if (fixed.impersonatorId !== null) text += `"impersonatorId":${JSON.stringify(fixed.impersonatorId)},`
  if (fixed.impersonatorSessionId !== null) text += `"impersonatorSessionId":${JSON.stringify(fixed.impersonatorSessionId)},`
  if (fixed.persistent) text += '"persistent":true,'
  if (fixed.device !== NO_DEVICE) text += `"device":${fixed.device},`
  return text
}

/** The body with its checksum, to the end of the record. @param fixed - what never changes, as it is encoded */
export function encodeBody(body: Body, fixed: string): string {
  const rest = `,${body.schemaVersion},${body.attributes}]}`
  const sum = checksum(fixed, rest)
  return `${BODY_MARKER}${HEX[sum >>> 24]}${HEX[(sum >>> 16) & 255]}${HEX[(sum >>> 8) & 255]}${HEX[sum & 255]}"${rest}`
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_unused, byte) => byte.toString(16).padStart(2, "0"))

// The caller computes it, not a script: in pure Lua it takes milliseconds. One call on both texts: a second one takes longer than the sum.
function checksum(fixed: string, rest: string): number {
  return crc32(fixed + rest)
}

/** A stored record as far as its body; all of it where there is none. */
export function prefixOf(text: string): string {
  const start = text.indexOf(BODY_MARKER, HEAD_LENGTH)
  return start === -1 ? text : text.slice(0, start)
}

/** Reads a stored record. @throws ERR_SESSION_CORRUPT for whatever this release did not write, or cannot read */
export function decodeRecord(handle: Handle, text: string): SessionRecord {
  const bodyAt = text.indexOf(BODY_MARKER, HEAD_LENGTH)
  if (bodyAt === -1 || bodyAt > BODY_BY) throw corrupt("a record with a body", text)
  return readRecord(handle, text, bodyAt)
}

/** Reads a record as far as its body, which is how deletions see it. @throws ERR_SESSION_CORRUPT */
export function decodePrefix(handle: Handle, text: string): Omit<SessionRecord, "body"> {
  const { body: _, ...prefix } = readRecord(handle, text, text.length)
  return prefix
}

/** Reads what a change answers of a record of which its caller has the rest: as far as what never changes. @throws ERR_SESSION_CORRUPT */
export function decodeHead(handle: Handle, text: string, rest: Pick<SessionRecord, "fixed" | "body">): SessionRecord {
  return readRecord(handle, text, text.length, rest)
}

const NO_BODY: Body = new StoredBody(0, "")

/** By places, as scripts read it. All in one literal: to spread one part into the next takes a fifth of the time. */
function readRecord({ tag, id }: Handle, text: string, bodyAt: number, rest?: Pick<SessionRecord, "fixed" | "body">): SessionRecord {
  const lastAccessedAt = numberAt(text, 18, 31)
  const idleTimeout = numberAt(text, 40, 51)
  const slack = numberAt(text, 52, 60)
  const layout = numberAt(text, 61, 62)
  const version = numberAt(text, 63, 72)
  const absoluteDeadline = numberAt(text, 73, 86)
  const createdMicros = numberAt(text, 87, 103)
  const authenticatedAt = text.startsWith(NEVER, 156) ? null : numberAt(text, 156, 169)
  // One that is no number makes the sum none.
  const sum = lastAccessedAt + idleTimeout + slack + layout + version + absoluteDeadline + createdMicros + (authenticatedAt ?? 0)
  if (!hasHeadForm(text) || Number.isNaN(sum)) throw corrupt("a session record", text)
  if (layout !== LAYOUT) throw corrupt(`layout ${LAYOUT}, got layout ${layout}: a newer release wrote it; deploy that everywhere`, null)
  if (!Number.isSafeInteger(createdMicros)) throw corrupt("a time of creation", null)
  const previous = previousOf(text)
  const fixed = rest?.fixed ?? fixedOf(text.slice(HEAD_LENGTH + (previous === null ? 0 : PREVIOUS_LENGTH), bodyAt))
  return new StoredRecord({
    tag,
    id,
    createdMicros,
    lastAccessedAt,
    idleTimeout,
    slack,
    absoluteDeadline,
    version,
    operations: text.slice(105, 129),
    verifier: text.slice(132, 154),
    previous,
    authenticatedAt,
    fixed,
    body: rest?.body ?? (bodyAt === text.length ? NO_BODY : bodyOf(text, bodyAt, fixed)),
  })
}

function previousOf(text: string): SessionRecord["previous"] {
  if (!hasPreviousForm(text)) return null
  const until = numberAt(text, 215, 228)
  return isBase64url(text, 183, 205) && !Number.isNaN(until) ? { verifier: text.slice(183, 205), until } : null
}

/** The number in a field of fixed width: spaces, then digits. `NaN` for anything else. */
function numberAt(text: string, from: number, to: number): number {
  let at = from
  while (at < to - 1 && text.charCodeAt(at) === SPACE) at += 1
  let number = 0
  for (; at < to; at += 1) {
    const digit = text.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

/** @param stored - `"name":value,` for each field */
function fixedOf(stored: string): FixedFields {
  return signedInOf(stored) ?? parsedFields(stored)
}

function parsedFields(stored: string): FixedFields {
  const values = parse(`{${stored.slice(0, -1)}}`) as Readonly<Record<string, unknown>>
  return fixedFields(values, deviceOf(values.device), stored)
}

/** Of nearly all records a user's id, without an escaped character, and a device are all that there is: nothing has to be parsed to find them. */
function signedInOf(stored: string): FixedFields | null {
  const end = stored.startsWith(USER) ? stored.indexOf('"', USER.length) : -1
  const userId = stored.slice(USER.length, end)
  if (end === -1 || userId.includes("\\")) return null
  if (end === stored.length - 2) return fixedFields({ userId }, NO_DEVICE, stored)
  if (!stored.startsWith(DEVICE, end + 1) || !stored.endsWith("},")) return null
  const device = stored.slice(end + 1 + DEVICE.length, -1)
  // A newer release may have written more behind the device.
  return device.indexOf("}") === device.length - 1 ? fixedFields({ userId }, device, stored) : null
}

function fixedFields(values: Readonly<Record<string, unknown>>, device: string, stored: string): FixedFields {
  const { userId = null, pendingUserId = null, persistent = false, impersonatorId = null, impersonatorSessionId = null } = values
  if (!isTextOrNull(userId) || !isTextOrNull(pendingUserId) || !isTextOrNull(impersonatorId) || !isTextOrNull(impersonatorSessionId))
    throw corrupt("ids as text", null)
  if (typeof persistent !== "boolean") throw corrupt("a choice of persistence", null)
  return new StoredFields({ userId, pendingUserId, impersonatorId, impersonatorSessionId, persistent, device, stored })
}

function deviceOf(device: unknown = {}): string {
  if (typeof device !== "object" || device === null) throw corrupt("a device", null)
  return JSON.stringify(device)
}

function bodyOf(text: string, from: number, fixed: FixedFields): Body {
  const quote = from + BODY_MARKER.length + CRC_LENGTH
  const rest = text.slice(quote + 1)
  if (hexAt(text, quote - CRC_LENGTH, quote) !== checksum(encodeFixed(fixed), rest) || text.charCodeAt(quote) !== QUOTE)
    throw corrupt("a record that fits its checksum", text)
  const close = rest.indexOf(ATTRIBUTES)
  const schemaVersion = close > 1 && close <= MOST_VERSION_DIGITS + 1 && rest.startsWith(",") ? numberAt(rest, 1, close) : Number.NaN
  if (Number.isNaN(schemaVersion)) throw corrupt("a body with attributes", text)
  return new StoredBody(schemaVersion, rest.slice(close + ATTRIBUTES.length - 1, -2))
}

/** The number that lower-case hexadecimal digits write. `NaN` for anything else. */
function hexAt(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) {
    const code = text.charCodeAt(at)
    const digit = code < LETTER_A ? code - ZERO : code - LETTER_A + 10
    if (!(digit >= 0 && digit <= 15) || (code < LETTER_A && digit > 9)) return Number.NaN
    number = number * 16 + digit
  }
  return number
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw corrupt("a record that is JSON", text)
  }
}

/** Whether the fields of the head lie where scripts look for them. */
function hasHeadForm(text: string): boolean {
  for (const at of HEAD_PLACES) if (text.charCodeAt(at) !== HEAD_FORM.charCodeAt(at)) return false
  return isBase64url(text, 105, 129) && isBase64url(text, 132, 154)
}

function hasPreviousForm(text: string): boolean {
  return text.startsWith('"previous":"', 171) && text.startsWith('","until":', 205) && text[228] === ","
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string"
}

function corrupt(what: string, text: string | null): SessionError {
  const got = text === null ? "" : `, got ${text.length} characters of something else`
  return new SessionError("ERR_SESSION_CORRUPT", `Expected ${what}${got}. The session can still be deleted.`)
}
