import { SessionError, type SessionErrorCode } from "../../domain/errors.js"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"

export type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

/** How a call ended, and after how many milliseconds, but for those in which this process stood still: a busy machine is no fault of the call. */
export interface Ending {
  readonly name: string
  readonly took: number
  readonly code: SessionErrorCode | null
  readonly outcome: string | null
}

const LOOK_EVERY_MS = 5
/** Below this a timer is late in the ordinary way. */
const NOTICED_MS = 2
let stoodStillMs = 0
let looked = performance.now()
setInterval(ownTime, LOOK_EVERY_MS).unref()

/** Milliseconds that go on only while this process does. */
function ownTime(): number {
  const now = performance.now()
  const late = now - looked - LOOK_EVERY_MS
  if (late > NOTICED_MS) stoodStillMs += late
  looked = now
  return now - stoodStillMs
}

export async function timed(name: string, call: Promise<unknown>): Promise<Ending> {
  const began = ownTime()
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  const took = ownTime() - began
  if (error === null) return { name, took, code: null, outcome: null }
  if (!SessionError.is(error)) throw new Error(`Expected ${name} to fail with a SessionError`, { cause: error })
  return { name, took, code: error.code, outcome: error.outcome }
}

/** Every method of the contract that has a deadline, by its name, for one session. */
export function everyCall(service: Service, token: string, userId: string, sessionId: string): Readonly<Record<string, () => Promise<unknown>>> {
  return {
    createSession: () => service.createSession({ userId }),
    getSession: () => service.getSession(token),
    updateSession: () => service.updateSession(token, { n: 1 }),
    updateUserSession: () => service.updateUserSession(userId, sessionId, (own) => ({ ...own })),
    extendSession: () => service.extendSession(token),
    rotateSession: () => service.rotateSession(token),
    getUserSessions: () => service.getUserSessions(userId),
    deleteUserSession: () => service.deleteUserSession(userId, sessionId),
    deleteSession: () => service.deleteSession(token),
    ping: () => service.ping(),
  }
}
