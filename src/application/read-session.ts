import type { ISessionService, SessionData, TokenText } from "../domain/interfaces/session/ISessionService.js"
import type { ActiveSession } from "./contract.js"
import { OpenSession } from "./OpenSession.js"

/**
 * Opens the session of a token outside of a request, as for a WebSocket that is already open.
 *
 * @returns `null` when there is none; also for one whose impersonator's session is over
 * @throws what `getSession` throws
 */
export async function openSession<A extends object, I extends object>(
  sessions: ISessionService<A, I>,
  token: TokenText | undefined,
): Promise<ActiveSession<A, I> | null> {
  if (token === undefined) return null
  const session = await readSession(sessions, token, true)
  return session === null ? null : new OpenSession(sessions, { token, session }).view
}

/** Finds the session of a token as far as it may be used. @throws what `getSession` throws */
export async function readSession<A extends object, I extends object>(
  sessions: ISessionService<A, I>,
  token: TokenText,
  touch: boolean,
): Promise<SessionData<A> | null> {
  return sessions.getSession(token, touch ? undefined : { touch })
}
