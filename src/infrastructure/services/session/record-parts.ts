import type { Body, FixedFields, SessionDraft, SessionRecord } from "../../../domain/session/record.js"
import type { Handle } from "../../../domain/session/ticket.js"

// The parts of a record as classes, where calls make them and then wait: literals may come to lie in the old generation once a burst of calls had to wait, and
// then all that hangs on them does (bench/README.md).

export class StoredFields implements FixedFields {
  readonly userId: string | null
  readonly pendingUserId: string | null
  readonly impersonatorId: string | null
  readonly impersonatorSessionId: string | null
  readonly persistent: boolean
  readonly device: string
  readonly stored?: string

  constructor({ userId, pendingUserId, impersonatorId, impersonatorSessionId, persistent, device, stored }: FixedFields) {
    this.userId = userId
    this.pendingUserId = pendingUserId
    this.impersonatorId = impersonatorId
    this.impersonatorSessionId = impersonatorSessionId
    this.persistent = persistent
    this.device = device
    if (stored !== undefined) this.stored = stored
  }
}

export class StoredBody implements Body {
  readonly schemaVersion: number
  readonly attributes: string

  constructor(schemaVersion: number, attributes: string) {
    this.schemaVersion = schemaVersion
    this.attributes = attributes
  }
}

export class Draft implements SessionDraft {
  readonly tag: string
  readonly id: string
  readonly verifier: string
  readonly idleTimeout: number
  readonly slack: number
  readonly absoluteTimeout: number
  readonly authenticatedAt: number | "now" | null
  readonly fixed: FixedFields
  readonly body: Body

  constructor({ tag, id, verifier, idleTimeout, slack, absoluteTimeout, authenticatedAt, fixed, body }: SessionDraft) {
    this.tag = tag
    this.id = id
    this.verifier = verifier
    this.idleTimeout = idleTimeout
    this.slack = slack
    this.absoluteTimeout = absoluteTimeout
    this.authenticatedAt = authenticatedAt
    this.fixed = fixed
    this.body = body
  }
}

/** A session that was opened. */
export class Opened {
  readonly status = "created"
  readonly record: SessionRecord
  readonly evicted: readonly Handle[]

  constructor(record: SessionRecord, evicted: readonly Handle[]) {
    this.record = record
    this.evicted = evicted
  }
}
