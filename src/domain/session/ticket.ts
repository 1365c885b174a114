import { isBase64url } from "../../shared/base64url.js"
import type { SessionId, SessionToken } from "../interfaces/session/ISessionService.js"

/** The two halves of a handle. The tag picks the cluster slot: three characters that stand for 16 bits. */
export interface Handle {
  readonly tag: string
  readonly id: string
}
/** What a token holds: a handle and the 256-bit secret that proves the right to use it. */
export interface Ticket extends Handle {
  readonly secret: string
}

/** A class, for each request makes one, and a literal may come to lie in the old generation (bench/README.md). */
class ParsedTicket implements Ticket {
  readonly tag: string
  readonly id: string
  readonly secret: string

  constructor(tag: string, id: string, secret: string) {
    this.tag = tag
    this.id = id
    this.secret = secret
  }
}

// Only the canonical spelling passes: the last character of each part has no spare bits, so that no two texts name one session.
const LAST_OF_TAG = "AEIMQUYcgkosw048"
const LAST_OF_ID = "AQgw"
const LAST_OF_SECRET = "AEIMQUYcgkosw048"
const TOKEN_LENGTH = 70
const HANDLE_LENGTH = 26

/** Reads a token, or answers `null` for anything that is not exactly one. */
export function parseToken(text: unknown): Ticket | null {
  // The length first: a text of ten megabytes must not be looked through.
  if (typeof text !== "string" || text.length !== TOKEN_LENGTH || !beginsWithHandle(text)) return null
  if (text[26] !== "." || !isBase64url(text, 27, 70) || !LAST_OF_SECRET.includes(text.charAt(69))) return null
  return new ParsedTicket(text.slice(0, 3), text.slice(4, 26), text.slice(27))
}

/** Reads a handle, or answers `null`. */
export function parseHandle(text: unknown): Handle | null {
  if (typeof text !== "string" || text.length !== HANDLE_LENGTH || !beginsWithHandle(text)) return null
  return { tag: text.slice(0, 3), id: text.slice(4) }
}

/** @param text - of at least the length of a handle */
function beginsWithHandle(text: string): boolean {
  return text[3] === "." && isBase64url(text, 0, 3) && LAST_OF_TAG.includes(text.charAt(2)) && isBase64url(text, 4, 26) && LAST_OF_ID.includes(text.charAt(25))
}

export function formatHandle(handle: Handle): SessionId {
  return `${handle.tag}.${handle.id}` as SessionId
}

export function formatToken(ticket: Ticket): SessionToken {
  return `${ticket.tag}.${ticket.id}.${ticket.secret}` as SessionToken
}
