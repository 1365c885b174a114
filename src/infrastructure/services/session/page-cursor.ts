import { parseHandle } from "../../../domain/session/ticket.js"
import { UnexpectedValue } from "../../../shared/assertions.js"
import type { UserKey } from "./randomness.js"
import type { Position } from "./session-steps.js"

const FORM = /^([A-Za-z0-9_-]{22})\.(\d{1,16})\.([A-Za-z0-9_-]{22})$/

/** A position in one user's list, as text. It names the list, so that it cannot be used on another user's. */
export function formatCursor(position: Position, place: UserKey): string {
  return `${place.user}.${position.createdMicros}.${position.id}`
}

/** @throws UnexpectedValue */
export function parseCursor(text: unknown, place: UserKey): Position {
  const [, user, created, id] = (typeof text === "string" && text.length <= 64 ? FORM.exec(text) : null) ?? []
  if (user !== place.user || created === undefined || id === undefined || parseHandle(`${place.tag}.${id}`) === null) {
    throw new UnexpectedValue("Expected cursor to be one that getUserSessions returned for this user, got something else.")
  }
  return { createdMicros: Number(created), id }
}
