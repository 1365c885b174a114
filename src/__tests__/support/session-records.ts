import type { SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import { NO_OPERATIONS, type SessionRecord } from "../../domain/session/record.js"
import { formatToken, type Ticket } from "../../domain/session/ticket.js"
import { newSecret, newSessionId, newTag, userKey } from "../../infrastructure/services/session/randomness.js"
import { createVerifiers } from "../../infrastructure/services/session/verifiers.js"
import { SERVER_MS } from "./recording-redis.js"

export interface StoredSession {
  readonly token: SessionToken
  readonly ticket: Ticket
  readonly record: SessionRecord
}

const NOBODY = { userId: null, pendingUserId: null, impersonatorId: null, impersonatorSessionId: null, persistent: false, device: "{}" } as const

/** A session of `ada` as it may lie in a store, created and used a moment ago by the clock of the recording double; and the token that opens it. */
export function storedSession(change: Partial<SessionRecord> = {}, userId: string | null = "ada"): StoredSession {
  const tag = change.tag ?? (userId === null ? newTag() : userKey(userId).tag)
  const ticket = { tag, id: change.id ?? newSessionId(), secret: newSecret() }
  const record: SessionRecord = {
    tag,
    id: ticket.id,
    createdMicros: SERVER_MS * 1000 - 5_000_000,
    lastAccessedAt: SERVER_MS - 5_000,
    idleTimeout: 86_400_000,
    slack: 60_000,
    absoluteDeadline: SERVER_MS + 2_592_000_000,
    version: 1,
    operations: NO_OPERATIONS,
    verifier: createVerifiers(undefined).issue(ticket.secret),
    previous: null,
    authenticatedAt: userId === null ? null : SERVER_MS - 5_000,
    fixed: { ...NOBODY, userId },
    body: { schemaVersion: 1, attributes: '{"theme":"dark"}' },
    ...change,
  }
  return { token: formatToken(ticket), ticket, record }
}
