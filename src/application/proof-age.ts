import type { SessionData } from "../domain/interfaces/session/ISessionService.js"
import type { ActiveSession } from "./contract.js"

/**
 * Whether the user proved who they are at most so long ago. Impersonated sessions never pass: nobody proved anything there.
 *
 * By the store's clock, for that of this process may be hours off: an extension writes down what time it is there. So it counts as activity.
 *
 * @param maxAgeMs milliseconds
 * @throws ERR_SESSION_ENDED · what `extendSession` throws
 * @source RFC 9470, 4 · OWASP ASVS 5.0 7.5.1
 */
export async function provedWithin(session: ActiveSession<object>, maxAgeMs: number): Promise<boolean> {
  if (!isRecent(session, maxAgeMs)) return false
  await session.extend()
  return isRecent(session, maxAgeMs)
}

/** The same at the time of the last access. Too long ago then is too long ago now. */
function isRecent({ authenticatedAt, lastAccessedAt }: SessionData<object>, maxAgeMs: number): boolean {
  return authenticatedAt !== null && lastAccessedAt.getTime() - authenticatedAt.getTime() <= maxAgeMs
}
