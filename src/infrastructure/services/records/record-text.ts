import { SessionError } from "../../../domain/errors.js"
import { ENDED, type LiveRecord } from "../../../domain/records/record.js"

const LIVE = /^\{"record":\[1,([ \d]{9}),"([A-Za-z0-9_-]{24})"\],"name":"([A-Za-z0-9_-]{43})","data":/
const HEAD_LENGTH = 111
/** What is left of a session that was ended. */
export const MARK = '{"ended":1}'

/** A record as Redis holds it: one JSON text, whose first 111 bytes scripts read and write in place. */
export function encodeRecordText(name: string, { version, operations, text }: LiveRecord): string {
  return `{"record":[1,${String(version).padStart(9)},"${operations}"],"name":"${name}","data":${text}}`
}

/**
 * Reads what Redis holds under a name.
 *
 * @throws ERR_SESSION_CORRUPT for what is neither a record nor the mark of one that was ended, and for the record of another name: a reply that belongs
 * to somebody else must not open their session
 */
export function decodeRecordText(name: string, text: string): LiveRecord | typeof ENDED {
  if (text === MARK) return ENDED
  const [, version, operations = "", owner] = LIVE.exec(text) ?? []
  if (owner !== name || !text.endsWith("}")) throw corruptRecord()
  return { version: Number(version), operations, text: text.slice(HEAD_LENGTH, -1) }
}

/** The fields of a session's JSON. @throws ERR_SESSION_CORRUPT for what is no object */
export function fieldsOf(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw corruptRecord()
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw corruptRecord()
  // Whoever copies fields by assignment would take this one for the copy's prototype.
  if (Object.hasOwn(value, "__proto__")) Reflect.deleteProperty(value, "__proto__")
  return value as Record<string, unknown>
}

export function corruptRecord(): SessionError {
  return new SessionError("ERR_SESSION_CORRUPT", "Expected the record of a session, got something else. The session can still be ended.")
}
