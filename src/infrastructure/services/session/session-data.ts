import type { SessionData, SessionId } from "../../../domain/interfaces/session/ISessionService.js"
import { expiresAt } from "../../../domain/session/deadlines.js"
import type { SessionRecord } from "../../../domain/session/record.js"
import { formatHandle } from "../../../domain/session/ticket.js"

/** A record as the application sees it. */
export function toSessionData<A extends object>(record: SessionRecord, attributes: object): SessionData<A> {
  return {
    sessionId: formatHandle(record),
    userId: record.fixed.userId,
    pendingUserId: record.fixed.pendingUserId,
    impersonatorId: record.fixed.impersonatorId,
    impersonatorSessionId: record.fixed.impersonatorSessionId as SessionId | null,
    createdAt: new Date(Math.floor(record.createdMicros / 1000)),
    authenticatedAt: record.authenticatedAt === null ? null : new Date(record.authenticatedAt),
    lastAccessedAt: new Date(record.lastAccessedAt),
    expiresAt: new Date(expiresAt(record)),
    absoluteExpiresAt: new Date(record.absoluteDeadline),
    persistent: record.fixed.persistent,
    version: record.version,
    device: { ...record.fixed.device },
    attributes: attributes as SessionData<A>["attributes"],
  }
}
