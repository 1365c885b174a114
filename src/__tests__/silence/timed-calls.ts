import { setTimeout as pause } from "node:timers/promises"
import { SessionError, type SessionErrorCode } from "../../domain/errors.js"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"

export type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

/** How a call ended, and after how many milliseconds. */
export interface Ending {
  readonly name: string
  readonly took: number
  readonly code: SessionErrorCode | null
  readonly outcome: string | null
}

export async function timed(name: string, call: Promise<unknown>): Promise<Ending> {
  const began = performance.now()
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  const took = performance.now() - began
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

/** How long a bare timer of so many milliseconds takes in this process now, at the worst of several beside each other. */
export async function bareTimer(milliseconds: number): Promise<number> {
  const began = performance.now()
  await pause(milliseconds)
  return performance.now() - began
}
