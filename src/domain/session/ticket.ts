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

// Only the canonical spelling passes: the last character of each part has no spare bits, so that no two texts name one session.
const TAG = "[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]"
const ID = "[A-Za-z0-9_-]{21}[AQgw]"
const SECRET = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
const TOKEN_FORM = new RegExp(`^${TAG}\\.${ID}\\.${SECRET}$`)
const HANDLE_FORM = new RegExp(`^${TAG}\\.${ID}$`)
const TOKEN_LENGTH = 70
const HANDLE_LENGTH = 26

/** Reads a token, or answers `null` for anything that is not exactly one. */
export function parseToken(text: unknown): Ticket | null {
  // The length first: a text of ten megabytes must not be looked through.
  if (typeof text !== "string" || text.length !== TOKEN_LENGTH || !TOKEN_FORM.test(text)) return null
  return { tag: text.slice(0, 3), id: text.slice(4, 26), secret: text.slice(27) }
}

/** Reads a handle, or answers `null`. */
export function parseHandle(text: unknown): Handle | null {
  if (typeof text !== "string" || text.length !== HANDLE_LENGTH || !HANDLE_FORM.test(text)) return null
  return { tag: text.slice(0, 3), id: text.slice(4) }
}

export function formatHandle(handle: Handle): SessionId {
  return `${handle.tag}.${handle.id}` as SessionId
}

export function formatToken(ticket: Ticket): SessionToken {
  return `${ticket.tag}.${ticket.id}.${ticket.secret}` as SessionToken
}
