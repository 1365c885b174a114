import type { RotateSessionOptions, UpdateSessionOptions } from "../../../domain/interfaces/session/ISessionService.js"
import { type AttributesCopy, copyAttributes } from "../../../domain/session/attributes.js"
import { DEFAULT_GRACE, GRACE_RANGE } from "../../../domain/session/deadlines.js"
import { assertKnownKeys, expected, UnexpectedValue } from "../../../shared/assertions.js"
import { toMilliseconds } from "../../../shared/durations.js"
import type { CheckedChanges } from "./attribute-schema.js"
import { assertVersionAsked, type Unschemed } from "./checked-options.js"

// Every function here throws UnexpectedValue, before anything is sent to a store.

/** A class, for it waits, and a literal may come to lie in the old generation (bench/README.md). */
export class CheckedUpdate {
  readonly changes: CheckedChanges
  readonly ifVersion: number | null

  constructor(changes: CheckedChanges, ifVersion: number | null) {
    this.changes = changes
    this.ifVersion = ifVersion
  }
}

class Patch {
  readonly patch: AttributesCopy
  readonly unset: readonly string[]

  constructor(patch: AttributesCopy, unset: readonly string[]) {
    this.patch = patch
    this.unset = unset
  }
}

const NOTHING: readonly string[] = []
const MOST_NAMES = 1_000

export function checkUpdate(changes: unknown, options: Unschemed<UpdateSessionOptions<unknown>, "unset"> | undefined): CheckedUpdate {
  if (options !== undefined) assertKnownKeys(options, "the options of updateSession", ["ifVersion", "unset", "signal"])
  const { ifVersion, unset } = options ?? {}
  assertVersionAsked(ifVersion)
  return new CheckedUpdate(checkChanges(changes, unset === undefined ? NOTHING : copyNames(unset)), ifVersion ?? null)
}

/** Copied before it is checked: the caller may change the list while the session is read. */
function copyNames(unset: unknown): readonly string[] {
  const names: readonly unknown[] | null = Array.isArray(unset) && unset.length <= MOST_NAMES ? [...unset] : null
  if (!names?.every((name) => typeof name === "string")) throw expected("unset", `a list of at most ${MOST_NAMES} attribute names`, unset)
  return names
}

function checkChanges(changes: unknown, unset: readonly string[]): CheckedChanges {
  return typeof changes === "function" ? { apply: changes as (own: never) => unknown, unset } : new Patch(copyAttributes(changes, "changes"), unset)
}

export interface CheckedRotation {
  readonly grace: number
  readonly reauthenticated: boolean
  readonly changes: CheckedChanges | null
}

export function checkRotate(options: Unschemed<RotateSessionOptions<unknown, unknown>, "changes"> | undefined): CheckedRotation {
  if (options === undefined) return { grace: DEFAULT_GRACE, reauthenticated: false, changes: null }
  assertKnownKeys(options, "the options of rotateSession", ["grace", "reauthenticated", "changes", "signal"])
  const { reauthenticated = false } = options
  if (typeof reauthenticated !== "boolean") throw expected("reauthenticated", "true or false", reauthenticated)
  const changes = options.changes === undefined ? null : checkChanges(options.changes, NOTHING)
  const graceless = reauthenticated || changes !== null
  const grace = options.grace === undefined ? (graceless ? 0 : DEFAULT_GRACE) : toMilliseconds(options.grace, "grace", GRACE_RANGE)
  if (graceless && grace > 0)
    throw new UnexpectedValue("Expected no grace together with reauthenticated or changes: the old secret must not get the new rights.")
  return { grace, reauthenticated, changes }
}
