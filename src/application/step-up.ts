import { SessionError, withOutcome } from "../domain/errors.js"
import type { Changes, CreateSessionOptions, DeepReadonly, UserId } from "../domain/interfaces/session/ISessionService.js"
import { notPermitted, refuseWithoutCookie, signedIn } from "./admission.js"
import type { OpenSession } from "./OpenSession.js"
import { provedWithin } from "./proof-age.js"
import type { RequestScope } from "./RequestScope.js"
import { handOut } from "./replace-session.js"

/** Writes down that the user has proved again who they are: another secret at once, for what the old one opened must not get the new rights. */
export async function reauthenticated<A extends object, I extends object>(
  scope: RequestScope<A, I>,
  userId: UserId,
  changes: Changes<A, I> | undefined,
): Promise<OpenSession<A, I>> {
  refuseWithoutCookie(scope.port)
  const open = await scope.current()
  if (open === null) throw new SessionError("ERR_NOT_AUTHENTICATED", "Expected a signed-in user, got no session.")
  if (open.view.userId === null) throw notPermitted("to re-authenticate a session in which nobody is signed in; call signIn")
  if (open.view.impersonatorId !== null) throw notPermitted("to re-authenticate an impersonated session, in which nobody proved to be its user")
  if (open.view.userId !== userId) throw notPermitted("to re-authenticate another user than the session's; call signIn")
  const renewed = await open.renew({ reauthenticated: true, grace: 0, changes })
  scope.audit({ event: "session_renewed" }, open.view)
  try {
    scope.port.giveToken(renewed)
  } catch (error) {
    throw withOutcome(error, "applied")
  }
  return open
}

/** Opens a session in which somebody acts in a user's name, beside their own, which has to be recent. */
export async function impersonate<A extends object, I extends object>(
  scope: RequestScope<A, I>,
  userId: UserId,
  attributes: DeepReadonly<I> | undefined,
): Promise<OpenSession<A, I>> {
  refuseWithoutCookie(scope.port)
  const own = signedIn(await scope.current())
  const { impersonatorId, userId: ownId, sessionId: impersonatorSessionId } = own
  const { maxAgeMs, absoluteTimeout } = scope.settings.impersonation
  if (impersonatorId !== null) throw notPermitted("to impersonate from within an impersonated session; sign out of it first")
  if (ownId === userId) throw notPermitted("to impersonate oneself")
  if (!(await provedWithin(own, maxAgeMs)))
    throw new SessionError("ERR_REAUTHENTICATION_NEEDED", `Expected the impersonator to have proved who they are at most ${maxAgeMs / 1000} s ago.`)
  const people = { userId, impersonatorId: ownId, impersonatorSessionId }
  const options = { ...people, attributes, absoluteTimeout, device: scope.port.device() } as CreateSessionOptions<I>
  const next = await handOut(scope, await scope.sessions.createSession(options))
  scope.audit({ event: "authz_admin", action: "impersonate" }, next.view)
  return next
}
