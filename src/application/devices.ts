import type { ISessionService, SessionData, SessionId, UserId } from "../domain/interfaces/session/ISessionService.js"
import type { DeviceEntry } from "./contract.js"

const PAGE = 200

type UserSession<A extends object> = SessionData<A> & { readonly userId: string }

/** A user's sessions, all pages, the newest first. Pending ones are not listed. @throws what `getUserSessions` throws */
export async function allSessionsOf<A extends object, I extends object>(sessions: ISessionService<A, I>, userId: UserId): Promise<readonly UserSession<A>[]> {
  const all: UserSession<A>[] = []
  for await (const page of pagesOf(sessions, userId)) all.push(...page.sessions)
  return all
}

/** The same a page at a time, with the handles of those that cannot be read. */
export async function* pagesOf<A extends object, I extends object>(
  sessions: ISessionService<A, I>,
  userId: UserId,
): AsyncGenerator<{ readonly sessions: readonly UserSession<A>[]; readonly unreadable?: readonly SessionId[] }> {
  let cursor: string | undefined
  do {
    const page = await sessions.getUserSessions(userId, { cursor, limit: PAGE })
    yield page
    cursor = page.cursor
  } while (cursor !== undefined)
}

/** What a page shows to a user of a session: never a token, nor what the session holds. */
export function deviceEntry(session: SessionData<object>, current: SessionData<object>): DeviceEntry {
  const { sessionId, impersonatorId, createdAt, lastAccessedAt, device } = session
  return { ...device, sessionId, current: sessionId === current.sessionId, impersonated: impersonatorId !== null, createdAt, lastAccessedAt }
}
