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

// Classes, for literals may come to lie in the old generation, and all that they hold with them (bench/README.md).

class Anybody<A extends object, I extends object> implements EnteredFreely<A, I> {
  readonly ok = true
  readonly auth: RequestAuth<A, I>

  constructor(auth: RequestAuth<A, I>) {
    this.auth = auth
  }
}

class SignedIn<A extends object, I extends object> implements Entered<A, I> {
  readonly ok = true
  readonly auth: RequestAuth<A, I>
  readonly session: ActiveUserSession<A, I>

  constructor(auth: RequestAuth<A, I>, session: ActiveUserSession<A, I>) {
    this.auth = auth
    this.session = session
  }
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
    return verdict.ok ? new SignedIn(auth, verdict.session) : verdict
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
  return (head, response) => authenticator.admit(head, rule) ?? new Anybody(authenticator.authenticate(head, response, rule))
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
