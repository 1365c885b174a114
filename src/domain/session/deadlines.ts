const SECOND = 1_000
const DAY = 86_400_000

/** Bounds of the timeouts that a caller may ask for, in milliseconds. */
export const TIMEOUT_RANGE = { min: 10, max: 1_000 * DAY } as const
export const TOUCH_INTERVAL_RANGE = { min: 0, max: DAY } as const
export const GRACE_RANGE = { min: 0, max: 60 * SECOND } as const
export const DEFAULT_GRACE: number = 10 * SECOND

/** Idle and absolute timeout of a session, in milliseconds. */
export interface Timeouts {
  readonly idle: number
  readonly absolute: number
}
/** Whose session it is: a signed-in user's, a guest's, or one that waits for a second factor. */
export type Standing = "user" | "guest" | "pending"

const CAPS = {
  user: { idle: TIMEOUT_RANGE.max, absolute: TIMEOUT_RANGE.max },
  guest: { idle: 2 * 60 * 60 * SECOND, absolute: DAY },
  pending: { idle: 5 * 60 * SECOND, absolute: 10 * 60 * SECOND },
} as const

/**
 * The timeouts of a session that asks for none: the service's own, but shorter for guests, since bots fill stores, and for
 * a second factor that is still owed.
 */
export function defaultTimeouts(service: Timeouts, standing: Standing): Timeouts {
  const cap = CAPS[standing]
  if (service.idle <= cap.idle && service.absolute <= cap.absolute) return service
  return { idle: Math.min(service.idle, cap.idle), absolute: Math.min(service.absolute, cap.absolute) }
}

/** What of a record decides its deadlines. All in milliseconds; points in time since the epoch. */
export interface Deadlines {
  readonly lastAccessedAt: number
  readonly idleTimeout: number
  readonly slack: number
  readonly absoluteDeadline: number
}

/**
 * How much longer than its idle timeout a record is kept: accesses within a touch interval are not written down, and must not make a session end early.
 * It is stored in the record, so that processes with other settings judge alike.
 */
export function slackFor(touchInterval: number, idleTimeout: number): number {
  return Math.min(touchInterval, Math.floor(idleTimeout / 10))
}

/** How long the store keeps a record that is accessed now: at most 1 ms short of the absolute deadline. Zero or less: the session is over. */
export function timeToLive(record: Omit<Deadlines, "lastAccessedAt">, now: number): number {
  return Math.min(record.idleTimeout + record.slack, record.absoluteDeadline - now - 1)
}

/** When the store forgets the record. */
export function endsAt(record: Deadlines): number {
  return record.lastAccessedAt + timeToLive(record, record.lastAccessedAt)
}

export function isAlive(record: Deadlines, now: number): boolean {
  return now <= endsAt(record)
}

/** The deadline to show: the earlier of idle and absolute, without slack. */
export function expiresAt(record: Deadlines): number {
  return Math.min(record.lastAccessedAt + record.idleTimeout, record.absoluteDeadline)
}

/** Whether an access now has to be written down. */
export function needsTouch(record: Deadlines, touchInterval: number, now: number): boolean {
  return now - record.lastAccessedAt >= Math.min(touchInterval, record.slack)
}
