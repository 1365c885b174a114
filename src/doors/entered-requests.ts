import type { ActiveUserSession } from "../application/contract.js"
import { SessionError } from "../domain/errors.js"
import { Hidden, Kept } from "../shared/Kept.js"
import type { Refusal, RequestHead, ResponseHead } from "../web/contract.js"
import type { Entered, EnteredFreely } from "../web/door.js"
import { refuseForeignSession } from "./foreign-session.js"

/** How one route lets requests in. */
export type Entrance<E> = (head: RequestHead, response: ResponseHead) => E | Refusal | Promise<E | Refusal>

/**
 * Gives a request its fields; also where another library has given all requests a property of that name.
 *
 * @throws ERR_CONFIG_INVALID where another library's session would be hidden
 */
export function withFields<A extends object, I extends object>(request: object, entered: Entered<A, I> | EnteredFreely<A, I>): void {
  if ("session" in entered) refuseForeignSession(request)
  Object.defineProperty(request, "auth", new Hidden(entered.auth))
  if ("session" in entered) Object.defineProperty(request, "session", new Hidden(entered.session))
}

/** Which session each request was let in with, for handlers that come after the door. */
export class EnteredRequests<A extends object, I extends object> {
  readonly #sessions = new Kept<ActiveUserSession<A, I>>()

  remember(request: object, entered: EnteredFreely<A, I> | Entered<A, I>): void {
    if ("session" in entered) this.#sessions.keep(request, entered.session)
  }

  /** @throws ERR_CONFIG_INVALID for a request that came past the door */
  sessionOf(request: object): ActiveUserSession<A, I> {
    const session = this.#sessions.of(request)
    if (session === undefined)
      throw new SessionError("ERR_CONFIG_INVALID", "Expected guard() or requireSession() of this door before sessionOf() and limits by user or session.")
    return session
  }
}
