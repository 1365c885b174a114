import type { CreateSessionOptions, Device } from "../../../domain/interfaces/session/ISessionService.js"
import { defaultTimeouts, type Standing, slackFor, TIMEOUT_RANGE, type Timeouts } from "../../../domain/session/deadlines.js"
import type { LimitRule } from "../../../domain/session/limit.js"
import { type FixedFields, NO_DEVICE } from "../../../domain/session/record.js"
import { formatHandle, type Handle, parseHandle } from "../../../domain/session/ticket.js"
import { assertKnownKeys, assertOneOf, expected, UnexpectedValue } from "../../../shared/assertions.js"
import { toMilliseconds } from "../../../shared/durations.js"
import { checkUserId, type Unschemed } from "./checked-options.js"
import { StoredFields } from "./record-parts.js"
import { limitRule, type SessionSettings } from "./session-settings.js"

// Every function here throws UnexpectedValue, before anything is sent to a store.

const DEVICE_BYTES = { ip: 64, userAgent: 1024, label: 256 } as const
/** How far the application's clock may be ahead of the store's before a time counts as future. */
const CLOCK_TOLERANCE = 1_000

/** The parts of a new session that its options decide, but for its attributes. A class, for it waits (bench/README.md). */
export class CheckedCreate {
  readonly fixed: FixedFields
  readonly timeouts: Timeouts
  readonly slack: number
  /** A Date still has to be held against the store's time. */
  readonly authenticatedAt: Date | "now" | null
  readonly limit: LimitRule | null

  constructor({ fixed, timeouts, slack, authenticatedAt, limit }: CheckedCreate) {
    this.fixed = fixed
    this.timeouts = timeouts
    this.slack = slack
    this.authenticatedAt = authenticatedAt
    this.limit = limit
  }
}

/** Who a session is about. */
type People = Pick<CreateSessionOptions<unknown>, "userId" | "pendingUserId" | "impersonatorId" | "impersonatorSessionId">

const CREATE_OPTIONS = [
  "userId",
  "pendingUserId",
  "impersonatorId",
  "impersonatorSessionId",
  "authenticatedAt",
  "attributes",
  "device",
  "idleTimeout",
  "absoluteTimeout",
  "persistent",
  "maxSessionsPerUser",
  "onLimit",
  "replaces",
  "signal",
]

export function checkCreate(options: Unschemed<CreateSessionOptions<unknown>, "attributes">, settings: SessionSettings): CheckedCreate {
  assertKnownKeys(options, "the options of createSession", CREATE_OPTIONS)
  const { userId, pendingUserId, impersonatorId, impersonatorSessionId } = checkPeople(options)
  if (options.persistent !== undefined && typeof options.persistent !== "boolean") throw expected("persistent", "true or false", options.persistent)
  const standing: Standing = userId !== null ? "user" : pendingUserId !== null ? "pending" : "guest"
  const authenticates = userId !== null && impersonatorId === null
  const timeouts = checkTimeouts(options, defaultTimeouts(settings.timeouts, standing))
  const limit = checkLimit(options, settings)
  const device = checkDevice(options.device)
  return new CheckedCreate({
    fixed: new StoredFields({ userId, pendingUserId, impersonatorId, impersonatorSessionId, persistent: options.persistent ?? false, device }),
    timeouts,
    slack: slackFor(settings.touchInterval, timeouts.idle),
    authenticatedAt: checkAuthenticatedAt(options.authenticatedAt, authenticates),
    limit: authenticates ? limit : null,
  })
}

function checkPeople(options: People): Pick<FixedFields, keyof People> {
  const idOf = (name: "userId" | "pendingUserId" | "impersonatorId"): string | null => (options[name] === undefined ? null : checkUserId(options[name], name))
  const [userId, pendingUserId, impersonatorId] = [idOf("userId"), idOf("pendingUserId"), idOf("impersonatorId")]
  const impersonatorSessionId =
    options.impersonatorSessionId === undefined ? null : formatHandle(checkHandle(options.impersonatorSessionId, "impersonatorSessionId"))
  if (userId !== null && pendingUserId !== null)
    throw new UnexpectedValue("Expected userId or pendingUserId, got both: who owes a second factor is not signed in.")
  if (impersonatorId !== null && userId === null) throw new UnexpectedValue("Expected impersonatorId together with userId, got it alone.")
  if (impersonatorSessionId !== null && impersonatorId === null) throw new UnexpectedValue("Expected impersonatorSessionId together with impersonatorId.")
  return { userId, pendingUserId, impersonatorId, impersonatorSessionId }
}

function checkHandle(value: unknown, name: string): Handle {
  const handle = parseHandle(value)
  if (handle === null) throw expected(name, "a session's handle", value)
  return handle
}

function checkTimeouts(options: Pick<CreateSessionOptions<unknown>, "idleTimeout" | "absoluteTimeout">, defaults: Timeouts): Timeouts {
  if (options.idleTimeout === undefined && options.absoluteTimeout === undefined) return defaults
  return {
    idle: options.idleTimeout === undefined ? defaults.idle : toMilliseconds(options.idleTimeout, "idleTimeout", TIMEOUT_RANGE),
    absolute: options.absoluteTimeout === undefined ? defaults.absolute : toMilliseconds(options.absoluteTimeout, "absoluteTimeout", TIMEOUT_RANGE),
  }
}

type LimitOptions = Pick<CreateSessionOptions<unknown>, "maxSessionsPerUser" | "onLimit" | "replaces">

function checkLimit(options: LimitOptions, settings: SessionSettings): LimitRule | null {
  if (options.onLimit !== undefined) assertOneOf(options.onLimit, "onLimit", ["evict-oldest", "reject"])
  const replaces = options.replaces === undefined ? undefined : checkHandle(options.replaces, "replaces").id
  if (options.maxSessionsPerUser === undefined && options.onLimit === undefined && replaces === undefined) return settings.limit
  const { maxSessionsPerUser = settings.limit?.max ?? "unlimited", onLimit = settings.onLimit } = options
  const rule = limitRule(maxSessionsPerUser, onLimit)
  return rule && { ...rule, replaces }
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

/** @returns JSON */
function checkDevice(device: Device | undefined): string {
  if (device === undefined) return NO_DEVICE
  assertKnownKeys(device, "device", Object.keys(DEVICE_BYTES))
  const checked: Record<string, string> = {}
  for (const key of ["ip", "userAgent", "label"] as const) {
    const bytes = DEVICE_BYTES[key]
    const value: unknown = device[key]
    if (value === undefined) continue
    if (typeof value !== "string" || !isStoredIn(bytes, value)) throw expected(`device.${key}`, `text of at most ${bytes} bytes, counted as JSON`, value)
    checked[key] = value
  }
  return JSON.stringify(checked)
}

/** Counted as it is stored, where no character takes more than the six bytes of an escape. */
function isStoredIn(bytes: number, text: string): boolean {
  return text.length * 6 <= bytes || (text.length <= bytes && Buffer.byteLength(JSON.stringify(text)) - 2 <= bytes)
}
