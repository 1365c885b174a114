import type { CallOptions, ISessionService, SessionData, SessionId, UserId } from "../domain/interfaces/session/ISessionService.js"
import { allSessionsOf, pagesOf } from "./devices.js"

/** Everything that is kept of a user: a plain value, without a token, to be handed over as JSON. */
export interface UserExport<A extends object> {
  readonly userId: string
  readonly sessions: readonly SessionData<A>[]
  /** Sessions that are there and cannot be read, by this release at least: what they hold is missing here. Absent where there are none. */
  readonly unreadable?: readonly SessionId[]
}

/**
 * Gathers all that sessions hold of a user, for somebody who asks what is known of them. A sign-in that still waits for its second factor is left out;
 * it is gone within minutes.
 *
 * @throws ERR_INVALID_ARGUMENT · ERR_STORE_…
 * @source GDPR, article 15
 */
export async function exportUser<A extends object, I extends object>(sessions: ISessionService<A, I>, userId: UserId): Promise<UserExport<A>> {
  const all: SessionData<A>[] = []
  const unreadable: SessionId[] = []
  for await (const page of pagesOf(sessions, userId)) {
    all.push(...page.sessions)
    unreadable.push(...(page.unreadable ?? []))
  }
  return { userId, sessions: all, ...(unreadable.length > 0 ? { unreadable } : {}) }
}

/**
 * Ends all sessions of a user, pending ones included, and with them all that they held; also those that the user's list has lost.
 *
 * What an impersonated session of somebody else says of its impersonator goes when that session ends: at its next use, or within its absolute timeout.
 *
 * @returns how many were ended
 * @throws as `deleteUserSessions`
 * @source GDPR, article 17
 */
export function eraseUser<A extends object, I extends object>(sessions: ISessionService<A, I>, userId: UserId, options?: CallOptions): Promise<number> {
  return sessions.deleteUserSessions(userId, { ...options, thorough: true })
}

/** How many sessions of a user can be used now; without pending ones. @throws ERR_INVALID_ARGUMENT · ERR_STORE_… */
export async function countUserSessions<A extends object, I extends object>(sessions: ISessionService<A, I>, userId: UserId): Promise<number> {
  return (await allSessionsOf(sessions, userId)).length
}
