import type {
  CallOptions,
  CleanupOptions,
  CreateSessionOptions,
  DeleteOptions,
  DeleteSessionOptions,
  Device,
  RotateSessionOptions,
  ThoroughOptions,
  UpdateSessionOptions,
} from "../../../domain/interfaces/session/ISessionService.js"
import { copyAttributes } from "../../../domain/session/attributes.js"
import { DEFAULT_GRACE, defaultTimeouts, GRACE_RANGE, type Standing, slackFor, TIMEOUT_RANGE, type Timeouts } from "../../../domain/session/deadlines.js"
import type { LimitRule } from "../../../domain/session/limit.js"
import type { FixedFields } from "../../../domain/session/record.js"
import { assertInteger, assertKnownKeys, assertOneOf, expected, readOnce, UnexpectedValue } from "../../../shared/assertions.js"
import { toMilliseconds } from "../../../shared/durations.js"
import type { CheckedChanges } from "./attribute-schema.js"
import { limitRule, type SessionSettings } from "./session-settings.js"
import type { ThoroughWalk } from "./session-steps.js"
import type { SweepRun } from "./sweep-all.js"

// Every function here throws UnexpectedValue, before anything is sent to a store.

const DEVICE_BYTES = { ip: 64, userAgent: 1024, label: 256 } as const
const REASONS = ["signed-out", "revoked", "replaced"] as const
/** How far the application's clock may be ahead of the store's before a time counts as future. */
const CLOCK_TOLERANCE = 1_000
const USER_ID_BYTES = 512

/** A user id as it may be stored: lone surrogates are refused, for two of them would hash alike. */
export function checkUserId(value: unknown, name: string): string {
  if (
    typeof value !== "string" ||
    value === "" ||
    value.length > USER_ID_BYTES ||
    Buffer.byteLength(JSON.stringify(value)) - 2 > USER_ID_BYTES ||
    !value.isWellFormed()
  ) {
    throw expected(name, `1 to ${USER_ID_BYTES} bytes of well-formed text`, value)
  }
  return value
}

/** The parts of a new session that its options decide, but for its attributes. */
export interface CheckedCreate {
  readonly fixed: FixedFields
  readonly timeouts: Timeouts
  readonly slack: number
  /** A Date still has to be held against the store's time. */
  readonly authenticatedAt: Date | "now" | null
  readonly limit: LimitRule | null
}

const CREATE_OPTIONS = [
  "userId",
  "pendingUserId",
  "impersonatorId",
  "authenticatedAt",
  "attributes",
  "device",
  "idleTimeout",
  "absoluteTimeout",
  "persistent",
  "maxSessionsPerUser",
  "onLimit",
  "signal",
]

/** What is asked of a session by its options, whatever its attributes are: those the schema checks. */
type Unschemed<Options, Attributes extends keyof Options> = Omit<Options, Attributes> & { readonly [Name in Attributes]?: unknown }

export function checkCreate(options: Unschemed<CreateSessionOptions<unknown>, "attributes">, settings: SessionSettings): CheckedCreate {
  assertKnownKeys(options, "the options of createSession", CREATE_OPTIONS)
  const userId = options.userId === undefined ? null : checkUserId(options.userId, "userId")
  const pendingUserId = options.pendingUserId === undefined ? null : checkUserId(options.pendingUserId, "pendingUserId")
  const impersonatorId = options.impersonatorId === undefined ? null : checkUserId(options.impersonatorId, "impersonatorId")
  if (userId !== null && pendingUserId !== null)
    throw new UnexpectedValue("Expected userId or pendingUserId, got both: who owes a second factor is not signed in.")
  if (impersonatorId !== null && userId === null) throw new UnexpectedValue("Expected impersonatorId together with userId, got it alone.")
  if (options.persistent !== undefined && typeof options.persistent !== "boolean") throw expected("persistent", "true or false", options.persistent)
  const standing: Standing = userId !== null ? "user" : pendingUserId !== null ? "pending" : "guest"
  const authenticates = userId !== null && impersonatorId === null
  const timeouts = checkTimeouts(options, defaultTimeouts(settings.timeouts, standing))
  const limit = checkLimit(options, settings)
  return {
    fixed: { userId, pendingUserId, impersonatorId, persistent: options.persistent ?? false, device: checkDevice(options.device) },
    timeouts,
    slack: slackFor(settings.touchInterval, timeouts.idle),
    authenticatedAt: checkAuthenticatedAt(options.authenticatedAt, authenticates),
    limit: authenticates ? limit : null,
  }
}

function checkTimeouts(options: Pick<CreateSessionOptions<unknown>, "idleTimeout" | "absoluteTimeout">, defaults: Timeouts): Timeouts {
  return {
    idle: options.idleTimeout === undefined ? defaults.idle : toMilliseconds(options.idleTimeout, "idleTimeout", TIMEOUT_RANGE),
    absolute: options.absoluteTimeout === undefined ? defaults.absolute : toMilliseconds(options.absoluteTimeout, "absoluteTimeout", TIMEOUT_RANGE),
  }
}

function checkLimit(options: Pick<CreateSessionOptions<unknown>, "maxSessionsPerUser" | "onLimit">, settings: SessionSettings): LimitRule | null {
  if (options.onLimit !== undefined) assertOneOf(options.onLimit, "onLimit", ["evict-oldest", "reject"])
  const { maxSessionsPerUser = settings.limit?.max ?? "unlimited", onLimit = settings.onLimit } = options
  return limitRule(maxSessionsPerUser, onLimit)
}

function checkAuthenticatedAt(value: Date | undefined, authenticates: boolean): Date | "now" | null {
  if (value === undefined) return authenticates ? "now" : null
  if (!authenticates)
    throw new UnexpectedValue("Expected authenticatedAt only with the user's own sign-in, got it for a guest, a pending session or an impersonation.")
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) throw expected("authenticatedAt", "a valid Date", value)
  return value
}

/** A time of authentication by the store's clock. @param now milliseconds */
export function checkPast(authenticatedAt: Date, now: number): number {
  const at = authenticatedAt.getTime()
  if (at < 0 || at > now + CLOCK_TOLERANCE) throw new UnexpectedValue("Expected authenticatedAt to lie in the past, got a time in the future or before 1970.")
  return Math.min(at, now)
}

function checkDevice(device: Device | undefined): Device {
  if (device === undefined) return {}
  assertKnownKeys(device, "device", Object.keys(DEVICE_BYTES))
  const checked: Record<string, string> = {}
  for (const key of ["ip", "userAgent", "label"] as const) {
    const bytes = DEVICE_BYTES[key]
    const value: unknown = device[key]
    if (value === undefined) continue
    // Counted as it is stored: control characters take six bytes each.
    if (typeof value !== "string" || value.length > bytes || Buffer.byteLength(JSON.stringify(value)) - 2 > bytes) {
      throw expected(`device.${key}`, `text of at most ${bytes} bytes`, value)
    }
    checked[key] = value
  }
  return checked
}

export interface CheckedUpdate {
  readonly changes: CheckedChanges
  readonly ifVersion: number | null
}

export function checkUpdate(changes: unknown, options: Unschemed<UpdateSessionOptions<unknown>, "unset"> | undefined): CheckedUpdate {
  if (options !== undefined) assertKnownKeys(options, "the options of updateSession", ["ifVersion", "unset", "signal"])
  const { ifVersion, unset = [] } = options ?? {}
  assertVersionAsked(ifVersion)
  if (!Array.isArray(unset) || unset.length > 1000 || unset.some((key) => typeof key !== "string"))
    throw expected("unset", "a list of at most 1000 attribute names", unset)
  return { changes: checkChanges(changes, unset), ifVersion: ifVersion ?? null }
}

function assertVersionAsked(ifVersion: number | undefined): void {
  if (ifVersion !== undefined) assertInteger(ifVersion, "ifVersion", { min: 1, max: Number.MAX_SAFE_INTEGER })
}

function checkChanges(changes: unknown, unset: readonly string[]): CheckedChanges {
  return typeof changes === "function" ? { apply: changes as (own: never) => unknown, unset } : { patch: copyAttributes(changes, "changes"), unset }
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
  const changes = options.changes === undefined ? null : checkChanges(options.changes, [])
  const graceless = reauthenticated || changes !== null
  const grace = options.grace === undefined ? (graceless ? 0 : DEFAULT_GRACE) : toMilliseconds(options.grace, "grace", GRACE_RANGE)
  if (graceless && grace > 0)
    throw new UnexpectedValue("Expected no grace together with reauthenticated or changes: the old secret must not get the new rights.")
  return { grace, reauthenticated, changes }
}

export function checkGet(options: { readonly touch?: boolean | undefined }): void {
  assertKnownKeys(options, "the options of getSession", ["touch", "signal"])
  if (options.touch !== undefined && typeof options.touch !== "boolean") throw expected("touch", "true or false", options.touch)
}

export function checkDelete(options: DeleteOptions | undefined, more: readonly string[] = []): void {
  if (options === undefined) return
  assertKnownKeys(options, "the options of a deletion", ["reason", "signal", ...more])
  if (options.reason !== undefined) assertOneOf(options.reason, "reason", REASONS)
}

/** The version that the session has to be at; `null`: any. */
export function checkDeleteSession(options: DeleteSessionOptions | undefined): number | null {
  checkDelete(options, ["ifVersion"])
  assertVersionAsked(options?.ifVersion)
  return options?.ifVersion ?? null
}

const WALK_RATE = { default: 100_000, range: { min: 1, max: 10_000_000 } } as const

/** How the keys are walked over; `null`: not at all. */
export function checkDeleteAll(
  options: (DeleteOptions & { readonly thorough?: boolean | ThoroughOptions | undefined }) | undefined,
): Omit<ThoroughWalk, "ending"> | null {
  checkDelete(options, ["except", "thorough"])
  const { thorough = false } = options ?? {}
  if (thorough === false) return null
  if (thorough === true) return { rate: WALK_RATE.default, onProgress: undefined }
  if (typeof thorough !== "object" || thorough === null) throw expected("thorough", "true, false or options of the walk", thorough)
  assertKnownKeys(thorough, "thorough", ["maxPerSecond", "onProgress"])
  const { maxPerSecond: rate = WALK_RATE.default, onProgress } = readOnce(thorough)
  assertInteger(rate, "thorough.maxPerSecond", WALK_RATE.range)
  if (onProgress !== undefined && typeof onProgress !== "function") throw expected("thorough.onProgress", "a function", onProgress)
  return { rate, onProgress }
}

const PAGE = { default: 50, range: { min: 1, max: 200 } } as const

/** How many sessions a page shall hold. */
export function checkPage(page: { readonly limit?: number | undefined } | undefined): number {
  if (page === undefined) return PAGE.default
  assertKnownKeys(page, "the options of getUserSessions", ["cursor", "limit", "signal"])
  const { limit = PAGE.default } = page
  assertInteger(limit, "limit", PAGE.range)
  return limit
}

const CLEANUP_RATE = { default: 10_000, range: { min: 1, max: 10_000_000 } } as const

export function checkCleanup(options: CleanupOptions | undefined): SweepRun {
  if (options !== undefined) assertKnownKeys(options, "the options of cleanupExpiredSessions", ["cursor", "maxPerSecond", "onProgress", "signal"])
  const { maxPerSecond: rate = CLEANUP_RATE.default, cursor = null, onProgress } = options ?? {}
  assertInteger(rate, "maxPerSecond", CLEANUP_RATE.range)
  if (onProgress !== undefined && typeof onProgress !== "function") throw expected("onProgress", "a function", onProgress)
  if (options?.cursor !== undefined && typeof options.cursor !== "string") throw expected("cursor", "text", options.cursor)
  return { begin: cursor, rate, onProgress, signal: checkSignal(options) }
}

export function checkSignal(options: CallOptions | undefined): AbortSignal | undefined {
  const signal = options?.signal
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw expected("signal", "an AbortSignal", signal)
  return signal
}
