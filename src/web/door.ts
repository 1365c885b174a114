import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { Authenticator, Refusal, RequestHead, ResponseHead, RouteRule } from "./contract.js"
import { checkedRule } from "./route-rule.js"

/** What a handler gets that needs a session. */
export interface Entered<A extends object, I extends object> {
  readonly ok: true
  readonly auth: RequestAuth<A, I>
  readonly session: ActiveUserSession<A, I>
}
/** What a handler gets that asks for a session when it wants one. */
export interface EnteredFreely<A extends object, I extends object> {
  readonly ok: true
  readonly auth: RequestAuth<A, I>
}

/**
 * Makes the entrance of a route that needs a session.
 *
 * @throws ERR_CONFIG_INVALID for the rule; at once, so that a mistake in it ends the start
 */
export function entrance<A extends object, I extends object>(
  authenticator: Authenticator<A, I>,
  rule: RouteRule | undefined,
): (head: RequestHead, response: ResponseHead) => Promise<Entered<A, I> | Refusal> {
  checkedRule(rule)
  return async (head, response) => {
    const auth = authenticator.authenticate(head, response, rule)
    const verdict = await authenticator.authorize(auth, head, rule)
    return verdict.ok ? { ok: true, auth, session: verdict.session } : verdict
  }
}

/**
 * Makes the entrance of a route that needs none: only where the request came from is looked at, and nothing is read.
 *
 * @throws ERR_CONFIG_INVALID for the rule; at once
 */
export function freeEntrance<A extends object, I extends object>(
  authenticator: Authenticator<A, I>,
  rule: RouteRule | undefined,
): (head: RequestHead, response: ResponseHead) => EnteredFreely<A, I> | Refusal {
  checkedRule(rule)
  return (head, response) => authenticator.admit(head, rule) ?? { ok: true, auth: authenticator.authenticate(head, response, rule) }
}

/** How a door answers what a handler threw; `null`: hand it to the framework, for it is no error of this library or comes too late for another answer. */
export function answerTo<A extends object, I extends object>(
  authenticator: Authenticator<A, I>,
  error: unknown,
  response: Pick<ResponseHead, "sent">,
  rule: RouteRule | undefined,
): Refusal | null {
  return response.sent ? null : authenticator.refuse(error, rule)
}
