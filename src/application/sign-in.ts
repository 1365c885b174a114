import type { DeepReadonly, UserId } from "../domain/interfaces/session/ISessionService.js"
import { expected, readOptions } from "../shared/assertions.js"
import { refuseWithoutCookie } from "./admission.js"
import type { PendingOptions, SignInOptions } from "./contract.js"
import type { OpenSession } from "./OpenSession.js"
import type { RequestScope } from "./RequestScope.js"
import { type NewAttributes, replaceSession } from "./replace-session.js"

const SIGN_IN_OPTIONS = ["userId", "attributes", "remember", "authenticatedAt", "idleTimeout", "absoluteTimeout", "maxSessionsPerUser", "onLimit", "signal"]
const PENDING_OPTIONS = ["userId", "attributes"]

/** Signs a user in: always a new session, never the guest's under another name. */
export async function signIn<A extends object, I extends object>(scope: RequestScope<A, I>, given: SignInOptions<A, I>): Promise<OpenSession<A, I>> {
  refuseWithoutCookie(scope.port)
  const options = readOptions(given, "the options of signIn", SIGN_IN_OPTIONS) as SignInOptions<A, I>
  const { remember = false, attributes, ...draft } = options
  if (typeof remember !== "boolean") throw expected("remember", "true or false", remember)
  refuseNobody(draft.userId)
  const old = await scope.current()
  const longer = remember ? scope.settings.remember : {}
  const wanted = { ...longer, ...withoutUndefined(draft), persistent: remember }
  const next = await replaceSession(scope, wanted as never, attributes as NewAttributes<A, I>, draft.userId)
  scope.audit({ event: "authn_login_success", replaced: old?.view.sessionId ?? null }, next.view)
  return next
}

/** Opens a guest's session. */
export async function startGuest<A extends object, I extends object>(scope: RequestScope<A, I>, attributes: DeepReadonly<I>): Promise<OpenSession<A, I>> {
  refuseWithoutCookie(scope.port)
  const next = await replaceSession(scope, {} as never, attributes, null)
  scope.audit({ event: "session_created" }, next.view)
  return next
}

/** Opens a session that waits for a second factor. What a guest's session held goes along, for `signIn` to choose from. */
export async function startPending<A extends object, I extends object>(scope: RequestScope<A, I>, given: PendingOptions<A, I>): Promise<OpenSession<A, I>> {
  refuseWithoutCookie(scope.port)
  const options: { readonly userId: UserId; readonly attributes?: NewAttributes<A, I> } = readOptions(given, "the options of startPending", PENDING_OPTIONS)
  const { userId, attributes = (held: DeepReadonly<A> | null) => (held ?? {}) as DeepReadonly<I> } = options
  refuseNobody(userId)
  const next = await replaceSession(scope, { pendingUserId: userId } as never, attributes, userId)
  scope.audit({ event: "session_created" }, next.view)
  return next
}

/** The service takes a missing user for a guest. What a user id looks like is the service's to judge. */
function refuseNobody(userId: unknown): void {
  if (typeof userId !== "string") throw expected("userId", "text", userId)
}

function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
