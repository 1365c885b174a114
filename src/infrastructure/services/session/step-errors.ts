import { SessionError, withOutcome } from "../../../domain/errors.js"
import type { LimitRule } from "../../../domain/session/limit.js"
import { MAX_VERSION, type SessionRecord } from "../../../domain/session/record.js"

export function notCreated(status: "full" | "ended", limit: LimitRule | null): SessionError {
  if (status === "full")
    return new SessionError(
      "ERR_SESSION_LIMIT",
      `Expected fewer than ${limit?.max ?? 0} sessions of this user, got as many as the limit allows: sign one out first.`,
    )
  return new SessionError("ERR_SESSION_ENDED", "Expected the new session to last until the call returned, got one that was ended meanwhile.", {
    outcome: "applied",
  })
}

/** The error of a call of many steps that failed after some had changed something, however definite the failure of the last one is. */
export function inDoubt(error: unknown): unknown {
  if (!SessionError.is(error) || error.outcome !== "not-applied") return error
  return withOutcome(error, "unknown")
}

export function notDurable(): SessionError {
  return new SessionError(
    "ERR_NOT_DURABLE",
    "The sign-out was made, but not kept as durability asks within the call's time. Call again to wait once more; see that the replicas or the disk are well, or raise timeout.",
  )
}

/** @throws ERR_SESSION_CONFLICT · ERR_SESSION_TOO_LARGE */
export function assertVersion(record: SessionRecord, ifVersion: number | null): void {
  if (ifVersion !== null && record.version !== ifVersion) throw versionConflict(ifVersion, record.version)
  if (record.version >= MAX_VERSION) throw new SessionError("ERR_SESSION_TOO_LARGE", `Expected at most ${MAX_VERSION} updates of one session.`)
}

export function versionConflict(expectedVersion: number | null, version: number): SessionError {
  return new SessionError("ERR_SESSION_CONFLICT", `Expected version ${expectedVersion ?? "of the read"}, got ${version}: read the session again.`)
}
