import { SessionError } from "../domain/errors.js"
import { expected, readOptions } from "../shared/assertions.js"
import { signedIn } from "./admission.js"
import { refusalEvent } from "./audit.js"
import type { SignOutScope } from "./contract.js"
import type { OpenSession } from "./OpenSession.js"
import type { RequestScope } from "./RequestScope.js"

const WORDS = ["here", "elsewhere", "everywhere"] as const

/**
 * Ends sessions. An error means that some may be left; then the cookie stays, so that it can be asked for again.
 *
 * @returns how many this call ended
 * @source OWASP ASVS 5.0 7.4.1 to 7.4.3, 7.5.2
 */
export async function signOut<A extends object, I extends object>(scope: RequestScope<A, I>, given: SignOutScope): Promise<number> {
  scope.port.refuseForgery()
  const where = checkedScope(given)
  try {
    const own = await ownFor(scope, where)
    if (where !== "here") signedIn(own)
    const ended = await endAll(scope, own, where)
    scope.audit({ event: "session_logout", where: typeof where === "string" ? where : "one", ended }, own?.view ?? null)
    return ended
  } catch (error) {
    // A refusal has an event of its own.
    if (refusalEvent(error) === null) scope.audit({ event: "logout_failed", code: SessionError.is(error) ? error.code : null }, scope.known?.view ?? null)
    throw error
  }
}

/** The service keeps a share of its calls for sign-outs, and none for reads: where no read is admitted, the token alone does for a sign-out here. */
async function ownFor<A extends object, I extends object>(scope: RequestScope<A, I>, where: SignOutScope): Promise<OpenSession<A, I> | null> {
  try {
    return await scope.current()
  } catch (error) {
    if (where === "here" && SessionError.is(error, "ERR_STORE_OVERLOADED")) return null
    throw error
  }
}

function checkedScope(given: SignOutScope): SignOutScope {
  if (typeof given === "string" && WORDS.includes(given)) return given
  if (typeof given !== "object" || given === null) throw expected("where", `one of ${WORDS.join(", ")}, or { sessionId }`, given)
  const { sessionId } = readOptions(given, "where", ["sessionId"])
  if (typeof sessionId !== "string") throw expected("where.sessionId", "a session's handle", sessionId)
  return { sessionId }
}

async function endAll<A extends object, I extends object>(scope: RequestScope<A, I>, own: OpenSession<A, I> | null, where: SignOutScope): Promise<number> {
  if (own === null || where === "here") return endOwn(scope, own)
  const { userId, sessionId, impersonatorId } = own.view
  if (typeof where === "object" && where.sessionId === sessionId) return endOwn(scope, own)
  // Who acts in a user's name ends nothing but that.
  if (impersonatorId !== null || userId === null) return where === "everywhere" ? endOwn(scope, own) : 0
  if (typeof where === "object") return Number(await scope.sessions.deleteUserSession(userId, where.sessionId))
  // The request's own goes last: should the store fail before, it can be asked again.
  const others = await scope.sessions.deleteUserSessions(userId, { except: sessionId })
  return where === "elsewhere" ? others : others + (await endOwn(scope, own))
}

/**
 * Also a session that this release cannot read. Of a token that opens nothing it is not known whether its session is over or has got another secret
 * meanwhile, under which it lives on: that is no sign-out. Its cookie stays, for it may be the newer one by now.
 */
async function endOwn<A extends object, I extends object>(scope: RequestScope<A, I>, own: OpenSession<A, I> | null): Promise<number> {
  const { presented, port, sessions } = scope
  const ended = own === null ? await sessions.deleteSession(presented) : await own.end("signed-out")
  if (own === null && presented !== null && !ended)
    throw new SessionError("ERR_SESSION_ENDED", "Expected the token of an open session to sign out of, got one that opens nothing, or nothing any more.")
  if (port.credentials().kind !== "bearer" && (own !== null || presented !== null)) port.takeToken()
  scope.become(null)
  return Number(ended)
}
