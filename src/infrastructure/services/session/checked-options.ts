import type { CleanupOptions, DeleteOptions, DeleteSessionOptions, ThoroughOptions } from "../../../domain/interfaces/session/ISessionService.js"
import { assertInteger, assertKnownKeys, assertOneOf, expected, readOnce } from "../../../shared/assertions.js"
import { checkSignal } from "../call-signal.js"
import type { ThoroughWalk } from "./session-steps.js"
import type { SweepRun } from "./sweep-all.js"

// Every function here throws UnexpectedValue, before anything is sent to a store.

const REASONS = ["signed-out", "revoked", "replaced"] as const
const USER_ID_BYTES = 512

/** What is asked of a session by its options, whatever its attributes are: those the schema checks. */
export type Unschemed<Options, Attributes extends keyof Options> = Omit<Options, Attributes> & { readonly [Name in Attributes]?: unknown }

/** A user id as it may be stored, and counted as it is stored: lone surrogates are refused, for two of them would hash alike. */
export function checkUserId(value: unknown, name: string): string {
  if (
    typeof value !== "string" ||
    value === "" ||
    value.length > USER_ID_BYTES ||
    Buffer.byteLength(JSON.stringify(value)) - 2 > USER_ID_BYTES ||
    !value.isWellFormed()
  ) {
    throw expected(name, `1 to ${USER_ID_BYTES} bytes of well-formed text, counted as JSON`, value)
  }
  return value
}

export function checkGet(options: { readonly touch?: boolean | undefined }): void {
  assertKnownKeys(options, "the options of getSession", ["touch", "signal"])
  if (options.touch !== undefined && typeof options.touch !== "boolean") throw expected("touch", "true or false", options.touch)
}

/** What good options of getSession say of touching; `null` for any that must be judged first. Never throws. */
export function touchOf(options: unknown): boolean | null {
  try {
    if (typeof options !== "object" || options === null || Array.isArray(options)) return null
    for (const name in options) if (name !== "touch" && name !== "signal") return null
    const { touch, signal } = options as { readonly touch?: unknown; readonly signal?: unknown }
    if (touch !== undefined && typeof touch !== "boolean") return null
    return signal === undefined || (signal instanceof AbortSignal && !signal.aborted) ? touch !== false : null
  } catch {
    return null
  }
}

export function checkDelete(options: DeleteOptions | undefined, more: readonly string[] = []): void {
  if (options === undefined) return
  assertKnownKeys(options, "the options of a deletion", ["reason", "signal", ...more])
  if (options.reason !== undefined) assertOneOf(options.reason, "reason", REASONS)
}

/** A version that the caller names, or none. */
export function assertVersionAsked(ifVersion: number | undefined): void {
  if (ifVersion !== undefined) assertInteger(ifVersion, "ifVersion", { min: 1, max: Number.MAX_SAFE_INTEGER })
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
