import type { SessionHistory } from "./session-histories.js"
import { lapsesFrom, type SessionOperation } from "./session-model.js"

/** Between which times a session surely lived, and perhaps lived. */
export interface SessionLife {
  readonly user: string | undefined
  /** When its creation was called and when it was acknowledged; infinite when it never was. */
  readonly createdFrom: number
  readonly createdBy: number
  /** When the first operation was called that may have ended it; infinite when there was none. */
  readonly mayEndFrom: number
  /** When an end of it was first acknowledged; infinite when none was. */
  readonly endedBy: number
  /** Acknowledged writes that raised the version, the creation first. */
  readonly writes: readonly SessionOperation[]
  readonly unknownUpdates: number
  readonly unknownTexts: ReadonlySet<string>
  /** When a secret was handed out. */
  readonly issuedBy: ReadonlyMap<string, number>
  /** When the first rotation was called that may have made a secret useless. */
  readonly replacedFrom: ReadonlyMap<string, number>
}

/** Reads a session's life out of its history. */
export function lifeOf({ user, operations }: SessionHistory): SessionLife {
  const creation = operations.find(({ kind, outcome }) => kind === "create" && outcome === "ok")
  const createdBy = creation?.ret ?? Number.POSITIVE_INFINITY
  const createdFrom = creation?.call ?? Number.POSITIVE_INFINITY
  const unknown = operations.filter(({ kind, outcome }) => kind === "update" && outcome === "unknown")
  return {
    user,
    createdFrom,
    createdBy,
    mayEndFrom: earliest(operations.filter((operation) => mayEnd(operation) && operation.ret > createdFrom).map(({ call }) => call)),
    endedBy: earliest(operations.filter((operation) => surelyEnds(operation, createdBy)).map(({ ret }) => ret)),
    writes: operations.filter(({ kind, outcome }) => (kind === "create" || kind === "update") && outcome === "ok"),
    unknownUpdates: unknown.length,
    unknownTexts: new Set(unknown.map(({ write }) => write ?? "")),
    ...secretsOf(operations),
  }
}

function mayEnd({ kind, outcome, bestEffort }: SessionOperation): boolean {
  return kind === "end" || (kind === "delete" && (outcome !== "none" || bestEffort === true))
}

// A delete-all spares what was created beside it, so it surely ends only what was acknowledged before.
function surelyEnds({ kind, outcome, call, wasLive }: SessionOperation, createdBy: number): boolean {
  if (outcome !== "ok") return false
  return kind === "delete" || (kind === "end" && (wasLive === true || createdBy < call))
}

function secretsOf(operations: readonly SessionOperation[]): Pick<SessionLife, "issuedBy" | "replacedFrom"> {
  const issuedBy = new Map<string, number>()
  const replacedFrom = new Map<string, number>()
  const rotations = operations.filter(({ kind }) => kind === "rotate")
  for (const { kind, issued, ret } of operations) if ((kind === "create" || kind === "rotate") && issued !== undefined) issuedBy.set(issued, ret)
  const replace = (secret: string | undefined, from: number): void => {
    if (secret !== undefined) replacedFrom.set(secret, Math.min(from, replacedFrom.get(secret) ?? Number.POSITIVE_INFINITY))
  }
  for (const { secret, grace, call, issued } of rotations) {
    replace(secret, grace === true ? lapsesFrom(call) : call)
    // A second rotation ends the first one's grace.
    if (grace === true && issued !== undefined) for (const later of rotations) if (later.secret === issued) replace(secret, later.call)
  }
  return { issuedBy, replacedFrom }
}

function earliest(times: readonly number[]): number {
  return times.reduce((first, time) => Math.min(first, time), Number.POSITIVE_INFINITY)
}
