import type { SessionData, SessionId } from "../../../domain/interfaces/session/ISessionService.js"
import { expiresAt } from "../../../domain/session/deadlines.js"
import type { SessionRecord } from "../../../domain/session/record.js"
import { formatHandle } from "../../../domain/session/ticket.js"
import { StoredJson } from "./StoredJson.js"

/** A record as the application sees it. @param attributes - where those that are stored are not what it is to see */
export function toSessionData<A extends object>(record: SessionRecord, attributes?: object): SessionData<A> {
  const { fixed } = record
  const session = {
    sessionId: formatHandle(record),
    userId: fixed.userId,
    pendingUserId: fixed.pendingUserId,
    impersonatorId: fixed.impersonatorId,
    impersonatorSessionId: fixed.impersonatorSessionId as SessionId | null,
    createdAt: new Date(Math.floor(record.createdMicros / 1000)),
    authenticatedAt: record.authenticatedAt === null ? null : new Date(record.authenticatedAt),
    lastAccessedAt: new Date(record.lastAccessedAt),
    expiresAt: new Date(expiresAt(record)),
    absoluteExpiresAt: new Date(record.absoluteDeadline),
    persistent: fixed.persistent,
    version: record.version,
  }
  return StoredJson.hang(session, fixed.device, attributes ?? record.body.attributes) as SessionData<A>
}
