import { SessionError } from "../domain/errors.js"
import type { ISessionService, SessionData, SessionId, TokenText } from "../domain/interfaces/session/ISessionService.js"
import type { ActiveSession } from "./contract.js"
import { pagesOf } from "./devices.js"
import { OpenSession } from "./OpenSession.js"

/**
 * Opens the session of a token outside of a request, as for a WebSocket that is already open.
 *
 * @returns `null` when there is none; also for an impersonated one whose impersonator's own session is over
 * @throws what `getSession` throws
 */
export async function openSession<A extends object, I extends object>(
  sessions: ISessionService<A, I>,
  token: TokenText | undefined,
): Promise<ActiveSession<A, I> | null> {
  if (token === undefined) return null
  const { session } = await readSession(sessions, token, true)
  return session === null ? null : new OpenSession(sessions, { token, session }).view
}

/** What a token opens. `outlived` is an impersonated session that was ended, because the session that it came from is over. */
export interface Reading<A extends object> {
  readonly session: SessionData<A> | null
  readonly outlived: SessionData<A> | null
}

/** Finds the session of a token as far as it may be used. @throws what `getSession` throws; when it cannot be told whether it may be used, too */
export async function readSession<A extends object, I extends object>(sessions: ISessionService<A, I>, token: TokenText, touch: boolean): Promise<Reading<A>> {
  const session = await sessions.getSession(token, touch ? undefined : { touch })
  if (session === null || session.impersonatorId === null || (await isSignedIn(sessions, session.impersonatorId, session.impersonatorSessionId)))
    return { session, outlived: null }
  await sessions.deleteSession(token, { reason: "revoked" })
  return { session: null, outlived: session }
}

/**
 * Nobody acts in a user's name for longer than they are signed in themselves. One more call, for impersonated sessions alone.
 *
 * @throws ERR_SESSION_CORRUPT when that session is there and cannot be read: nobody acts by it now, and nothing is ended, for another release may read it
 */
async function isSignedIn<A extends object, I extends object>(
  sessions: ISessionService<A, I>,
  impersonatorId: string,
  from: SessionId | null,
): Promise<boolean> {
  if (from === null) return true
  for await (const page of pagesOf(sessions, impersonatorId)) {
    if (page.sessions.some(({ sessionId }) => sessionId === from)) return true
    if (page.unreadable?.includes(from)) throw new SessionError("ERR_SESSION_CORRUPT", "Expected the impersonator's own session, got one that cannot be read.")
  }
  return false
}
