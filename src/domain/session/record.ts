import { isAlive, slackFor, timeToLive } from "./deadlines.js"
import type { Handle } from "./ticket.js"

/** What never changes in a session. */
export interface FixedFields {
  readonly userId: string | null
  readonly pendingUserId: string | null
  readonly impersonatorId: string | null
  readonly impersonatorSessionId: string | null
  readonly persistent: boolean
  /** JSON of an object. */
  readonly device: string
  /**
   * These fields as they lie in the store, and what a later release wrote among them: whoever writes the record again keeps them to the letter, because
   * the checksum covers them. A new session has none yet.
   */
  readonly stored?: string
}

export const NO_DEVICE = "{}"

/** Attributes as stored: their JSON text and the version of the schema that wrote it. */
export interface Body {
  readonly schemaVersion: number
  readonly attributes: string
}

/** One stored session. Points in time are milliseconds since the epoch, but for `createdMicros`. Immutable: each change makes a new one. */
export interface SessionRecord extends Handle {
  /** In microseconds, and different for each session of a user: it orders them. */
  readonly createdMicros: number
  readonly lastAccessedAt: number
  readonly idleTimeout: number
  readonly slack: number
  readonly absoluteDeadline: number
  readonly version: number
  /** The ids of the last four changes of the version, six characters each, the newest first: by them a repeated change is known. */
  readonly operations: string
  /** The hash of the current secret. */
  readonly verifier: string
  /** The one before, while a rotation's grace lasts. */
  readonly previous: { readonly verifier: string; readonly until: number } | null
  readonly authenticatedAt: number | null
  readonly fixed: FixedFields
  readonly body: Body
}

/** A record that waits with its call: V8 may come to keep what literals make, and all that hangs on it, until its next full collection (bench/README.md). */
export class StoredRecord implements SessionRecord {
  readonly tag: string
  readonly id: string
  readonly createdMicros: number
  readonly lastAccessedAt: number
  readonly idleTimeout: number
  readonly slack: number
  readonly absoluteDeadline: number
  readonly version: number
  readonly operations: string
  readonly verifier: string
  readonly previous: SessionRecord["previous"]
  readonly authenticatedAt: number | null
  readonly fixed: FixedFields
  readonly body: Body

  constructor(of: SessionRecord) {
    this.tag = of.tag
    this.id = of.id
    this.createdMicros = of.createdMicros
    this.lastAccessedAt = of.lastAccessedAt
    this.idleTimeout = of.idleTimeout
    this.slack = of.slack
    this.absoluteDeadline = of.absoluteDeadline
    this.version = of.version
    this.operations = of.operations
    this.verifier = of.verifier
    this.previous = of.previous
    this.authenticatedAt = of.authenticatedAt
    this.fixed = of.fixed
    this.body = of.body
  }
}

export const NO_OPERATIONS: string = "------".repeat(4)
/** As many as nine digits hold. */
export const MAX_VERSION = 999_999_998

/** Everything of a new session that its caller decides; the store adds the times. */
export interface SessionDraft extends Handle {
  readonly verifier: string
  readonly idleTimeout: number
  readonly slack: number
  readonly absoluteTimeout: number
  /** `"now"`: the moment of creation, by the store's clock. */
  readonly authenticatedAt: number | "now" | null
  readonly fixed: FixedFields
  readonly body: Body
}

/** Who a session belongs to: it lies in this user's slot and list, and ends with `deleteUserSessions`. */
export function ownerOf(fixed: FixedFields): string | null {
  return fixed.userId ?? fixed.pendingUserId
}

/** Whether a session counts against the limit: neither guests, nor pending sessions, nor impersonation do. */
export function counts(record: Pick<SessionRecord, "authenticatedAt">): boolean {
  return record.authenticatedAt !== null
}

/** What entitles a caller to a session: a secret (as the verifiers it may have been stored under), or the handle together with its owner. */
export type Proof = { readonly verifiers: readonly string[] } | { readonly owner: string }

/** How a proof fits: the current secret, one in grace, the owner, or not at all. */
export type Admission = "current" | "grace" | "owner" | "wrong-secret" | "missing"

/** Judges a proof. Verifiers are hashes, so comparing them tells nothing of the secret. */
export function admit(record: Pick<SessionRecord, "verifier" | "previous" | "fixed">, proof: Proof, now: number): Admission {
  if ("owner" in proof) return ownerOf(record.fixed) === proof.owner ? "owner" : "missing"
  if (proof.verifiers.includes(record.verifier)) return "current"
  if (record.previous && record.previous.until > now && proof.verifiers.includes(record.previous.verifier)) return "grace"
  return "wrong-secret"
}

/** What a step came to. `record` is the session after it. */
export type StepResult =
  | { readonly status: "done"; readonly record: SessionRecord }
  | { readonly status: "missing" | "wrong-secret" }
  /** The version is another one than expected. */
  | { readonly status: "clash"; readonly version: number }
  /** The secret was replaced already, and only the current one may do this. */
  | { readonly status: "replaced-secret" }
  /** The session was never authenticated, so it cannot be re-authenticated. */
  | { readonly status: "not-authenticated" }

/** A step on one session: from the record as it is now, or from none, to the record that shall be stored, if any. */
export interface Transition {
  readonly next: SessionRecord | null
  readonly result: StepResult
}

const MISSING: Transition = { next: null, result: { status: "missing" } }
const unchanged = (result: StepResult): Transition => ({ next: null, result })
const changed = (record: SessionRecord): Transition => ({ next: record, result: { status: "done", record } })

/** Lets a step run on a session that is there, alive and open to the proof, and would still be alive after it. */
function onLive(record: SessionRecord | null, proof: Proof, now: number, step: (live: SessionRecord, admission: Admission) => Transition): Transition {
  if (record === null || !isAlive(record, now)) return MISSING
  const admission = admit(record, proof, now)
  if (admission === "missing" || admission === "wrong-secret") return unchanged({ status: admission })
  const { next, result } = step(record, admission)
  return next !== null && timeToLive(next, now) <= 0 ? MISSING : { next, result }
}

/** Opens a session. `createdMicros` must be greater than that of the same user's sessions before. */
export function createRecord(draft: SessionDraft, createdMicros: number, now: number): SessionRecord {
  const { tag, id, verifier, idleTimeout, slack, absoluteTimeout, authenticatedAt, fixed, body } = draft
  // Not `...rest`: what V8 copies that way is a dictionary, in which each read of the session would look up each field by name.
  return new StoredRecord({
    tag,
    id,
    verifier,
    idleTimeout,
    slack,
    fixed,
    body,
    createdMicros,
    lastAccessedAt: now,
    // From now, not from `createdMicros`: that may run ahead of the clock, and a limit must not.
    absoluteDeadline: now + absoluteTimeout,
    version: 1,
    operations: NO_OPERATIONS,
    previous: null,
    authenticatedAt: authenticatedAt === "now" ? now : authenticatedAt,
  })
}

/** Writes an access down. */
export function touchRecord(record: SessionRecord | null, proof: Proof, now: number): Transition {
  return onLive(record, proof, now, (live) => changed({ ...live, lastAccessedAt: now }))
}

/** New attributes for one exact version. */
export interface Write {
  readonly expectedVersion: number
  readonly operation: string
  /** Of the record that was read: the checksum of the new body covers them, too. */
  readonly fixed: FixedFields
  readonly body: Body
}

/** Replaces the attributes and nothing else. */
export function writeRecord(record: SessionRecord | null, proof: Proof, write: Write, now: number): Transition {
  return onLive(record, proof, now, (live) => {
    if (live.version !== write.expectedVersion) return unchanged({ status: "clash", version: live.version })
    return changed({ ...written(live, write), lastAccessedAt: now, previous: previousAt(live, now) })
  })
}

function written(live: SessionRecord, write: Write): SessionRecord {
  return { ...live, version: live.version + 1, operations: write.operation + live.operations.slice(0, 18), body: write.body }
}

function previousAt(live: SessionRecord, now: number): SessionRecord["previous"] {
  return live.previous && live.previous.until > now ? live.previous : null
}

/** Moves the idle deadline now, and for all later accesses if `idleTimeout` is given. */
export function extendRecord(
  record: SessionRecord | null,
  proof: Proof,
  extension: { readonly idleTimeout: number | null; readonly touchInterval: number },
  now: number,
): Transition {
  return onLive(record, proof, now, (live) => {
    const idleTimeout = extension.idleTimeout ?? live.idleTimeout
    return changed({ ...live, idleTimeout, slack: slackFor(extension.touchInterval, idleTimeout), lastAccessedAt: now })
  })
}

/** A new secret, and what changes with it. */
export interface Rotation {
  readonly verifier: string
  readonly grace: number
  readonly reauthenticated: boolean
  readonly write: Write | null
}

/** Replaces the secret. Only the current one may; a second rotation ends the first one's grace. */
export function rotateRecord(record: SessionRecord | null, proof: Proof, rotation: Rotation, now: number): Transition {
  return onLive(record, proof, now, (live, admission) => {
    if (admission === "grace") return unchanged({ status: "replaced-secret" })
    if (rotation.write && live.version !== rotation.write.expectedVersion) return unchanged({ status: "clash", version: live.version })
    if (rotation.reauthenticated && live.authenticatedAt === null) return unchanged({ status: "not-authenticated" })
    return changed({
      ...(rotation.write ? written(live, rotation.write) : live),
      lastAccessedAt: now,
      verifier: rotation.verifier,
      previous: rotation.grace > 0 ? { verifier: live.verifier, until: now + rotation.grace } : null,
      authenticatedAt: rotation.reauthenticated ? now : live.authenticatedAt,
    })
  })
}

/** What a removal comes to. */
export type Removal = { readonly status: "done" | "missing" | "wrong-secret" } | { readonly status: "clash"; readonly version: number }

/** Decides whether a proof may end a session, and with `ifVersion` whether it is at this version; what follows is the record's removal. */
export function removeRecord(record: SessionRecord | null, proof: Proof, ifVersion: number | null, now: number): Removal {
  if (record === null || !isAlive(record, now)) return { status: "missing" }
  const admission = admit(record, proof, now)
  if (admission === "missing" || admission === "wrong-secret") return { status: admission }
  return ifVersion === null || record.version === ifVersion ? { status: "done" } : { status: "clash", version: record.version }
}
