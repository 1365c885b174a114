import { SessionError, withOutcome } from "../domain/errors.js"
import type { CreateSessionOptions, DeepReadonly, IssuedSession, SessionData, UserId } from "../domain/interfaces/session/ISessionService.js"
import type { OpenSession } from "./OpenSession.js"
import type { RequestScope } from "./RequestScope.js"

/** What a new session holds, or how it is made of what the old one holds (`null`: nothing that may be carried over). May be called more than once. */
export type NewAttributes<A extends object, I extends object> = DeepReadonly<I> | ((held: DeepReadonly<A> | null) => DeepReadonly<I>) | undefined

type Draft<I extends object> = Omit<CreateSessionOptions<I>, "attributes" | "device">

/** A guest who changes a cart more often than this while signing in loses the last change. */
const MOST_COPIES = 5

/**
 * Opens a session in place of the request's own, under another handle and another secret, and gives its token to the answer.
 *
 * The old one ends before this resolves. If it cannot be ended, this rejects, and the cookie stays as it was.
 *
 * @param user whose pending session counts as the user's own; attributes are carried over from that, and from a guest's
 * @source OWASP ASVS 5.0 7.2.4
 */
export async function replaceSession<A extends object, I extends object>(
  scope: RequestScope<A, I>,
  draft: Draft<I>,
  attributes: NewAttributes<A, I>,
  user: UserId | null,
): Promise<OpenSession<A, I>> {
  const old = await scope.current()
  const source = typeof attributes === "function" && old !== null && mayBeCarriedOver(old.view, user) ? old : null
  const made = (): DeepReadonly<I> | undefined => (typeof attributes === "function" ? attributes(heldBy(source)) : attributes)
  // A user's own, which ends here, must not stand in the way of the one that comes after it.
  const replaces = old !== null && user !== null && old.view.userId === user ? { replaces: old.view.sessionId } : {}
  const options = { ...draft, ...replaces, attributes: made(), device: scope.port.device() } as CreateSessionOptions<I>
  return handOut(scope, await scope.sessions.createSession(options), async (next) => {
    if (source !== null) await endCopied(source, () => next.update(() => made() as DeepReadonly<I>))
    else if (old !== null) await settled(old.end("replaced"))
    // Also one that this release cannot read. What opens nothing ends nothing.
    else if (scope.presented !== null) await settled(scope.sessions.deleteSession(scope.presented, { reason: "replaced" }))
  })
}

/**
 * Gives the token of a new session to the answer. Where that fails, or what has to be done before, nobody has the token, and the session is ended again as
 * far as the store can be reached.
 */
export async function handOut<A extends object, I extends object>(
  scope: RequestScope<A, I>,
  issued: IssuedSession<A>,
  before?: (next: OpenSession<A, I>) => Promise<void>,
): Promise<OpenSession<A, I>> {
  const next = scope.opened(issued)
  let isBefore = true
  try {
    await before?.(next)
    isBefore = false
    scope.port.giveToken({ token: issued.token, session: next.view })
  } catch (error) {
    await next.end("replaced").catch(() => undefined)
    throw isBefore ? error : withOutcome(error, "applied")
  }
  scope.become(next)
  return next
}

/** Only from a session in which nobody is signed in, or in which this very user waits for a second factor: what a user left is not the next one's. */
function mayBeCarriedOver(session: SessionData<object>, user: UserId | null): boolean {
  return session.userId === null && (session.pendingUserId === null || session.pendingUserId === user)
}

function heldBy<A extends object>(source: OpenSession<A, never> | null): DeepReadonly<A> | null {
  return source === null ? null : (source.view.attributes as DeepReadonly<A>)
}

/** Ends a session at the version that was copied; when another request changed it meanwhile, it is copied again. */
async function endCopied<A extends object, I extends object>(source: OpenSession<A, I>, copyAgain: () => Promise<void>): Promise<void> {
  for (let copies = 1; copies < MOST_COPIES; copies += 1) {
    try {
      await settled(source.endUnchanged("replaced"))
      return
    } catch (error) {
      if (!SessionError.is(error, "ERR_SESSION_CONFLICT")) throw error
      if (!(await source.reload())) return
      await copyAgain()
    }
  }
  await settled(source.end("replaced"))
}

/** A replaced session that is over now is over: that its end may not outlast the server is told by the service's own event. */
async function settled(end: Promise<unknown>): Promise<void> {
  await end.catch((error: unknown) => {
    if (!SessionError.is(error, "ERR_NOT_DURABLE")) throw error
  })
}
