import { SessionView } from "../application/SessionView.js"
import { SessionError } from "../domain/errors.js"

/**
 * Refuses to put a session where another library keeps its own: that one would save, touch or end what it finds there when the answer ends, and a handler would
 * take the user of one for that of the other.
 *
 * @throws ERR_CONFIG_INVALID for a request that such a library has in hand
 */
export function refuseForeignSession(request: object): void {
  if (!hasForeignSession(request)) return
  throw new SessionError(
    "ERR_CONFIG_INVALID",
    "Expected no other session library on a route with requireSession(), got a request whose `session` is such a one's. While both are there, use guard() and " +
      "sessionOf(), or optionalSession() and its auth.session(); or let the other library see the routes alone that need it.",
  )
}

/** What is there may be an accessor of somebody's, and is not for us to call. */
function hasForeignSession(request: object): boolean {
  // express-session, which looks for its session when the answer ends, also after `destroy` has removed it.
  if (Object.hasOwn(request, "sessionStore") && Object.hasOwn(request, "sessionID")) return true
  if (!Object.hasOwn(request, "session")) return false
  const there = Object.getOwnPropertyDescriptor(request, "session")
  // Fastify gives all requests an empty one where a plugin says that it will fill it.
  if (there?.value === null || there?.value instanceof SessionView) return false
  return there?.get !== undefined || there?.value !== undefined
}
