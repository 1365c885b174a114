import type { SessionData, SessionId } from "../../../domain/interfaces/session/ISessionService.js"
import { expiresAt } from "../../../domain/session/deadlines.js"
import type { SessionRecord } from "../../../domain/session/record.js"
import { formatHandle } from "../../../domain/session/ticket.js"
import { plainObjects } from "./plain-objects.js"
import { StoredJson } from "./StoredJson.js"

/** What is told of a session beside its device and attributes. */
type Fields = Omit<SessionData<object>, "device" | "attributes">

const PlainFields = plainObjects<Fields, [record: SessionRecord]>(function (record) {
  const { fixed } = record
  this.sessionId = formatHandle(record)
  this.userId = fixed.userId
  this.pendingUserId = fixed.pendingUserId
  this.impersonatorId = fixed.impersonatorId
  this.impersonatorSessionId = fixed.impersonatorSessionId as SessionId | null
  this.createdAt = new Date(Math.floor(record.createdMicros / 1000))
  this.authenticatedAt = record.authenticatedAt === null ? null : new Date(record.authenticatedAt)
  this.lastAccessedAt = new Date(record.lastAccessedAt)
  this.expiresAt = new Date(expiresAt(record))
  this.absoluteExpiresAt = new Date(record.absoluteDeadline)
  this.persistent = fixed.persistent
  this.version = record.version
})

/** A record as the application sees it. @param attributes - where those that are stored are not what it is to see */
export function toSessionData<A extends object>(record: SessionRecord, attributes?: object): SessionData<A> {
  return StoredJson.hang(new PlainFields(record), record.fixed.device, attributes ?? record.body.attributes) as unknown as SessionData<A>
}
