import type { IncomingMessage, ServerResponse } from "node:http"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { Authenticator, RouteRule } from "../web/contract.js"
import { answerTo, type Entered, type EnteredFreely, entrance, freeEntrance } from "../web/door.js"
import { type Entrance, withFields } from "./entered-requests.js"
import { nodeAnswerHead, nodeRequestHead, sendRefusal } from "./node-head.js"

type Handler<Extra> = (request: IncomingMessage & Extra, response: ServerResponse) => unknown
type Wrapped = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * The door of `node:http`, and of `node:http2` through its compatibility layer.
 *
 * A wrapped handler rejects with what this library has no answer for. Catch it where requests are told apart: Node has no handling of its own, and a
 * rejection that nobody catches ends the process.
 */
export interface NodeDoor<A extends object, I extends object> {
  /** Calls the handler where somebody is signed in, and answers for it otherwise. @throws ERR_CONFIG_INVALID for the rule, at once */
  requireSession(handler: Handler<{ readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> }>, rule?: RouteRule): Wrapped
  /** Calls the handler for everybody whose request is no forgery. No session is read before it is asked for. @throws ERR_CONFIG_INVALID for the rule, at once */
  optionalSession(handler: Handler<{ readonly auth: RequestAuth<A, I> }>, rule?: RouteRule): Wrapped
}

/** Makes the door of `node:http`. */
export function nodeDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>): NodeDoor<A, I> {
  const wrapped =
    <E extends Entered<A, I> | EnteredFreely<A, I>>(enter: Entrance<E>, handler: Handler<NoInfer<E>>, rule: RouteRule | undefined): Wrapped =>
    async (request, response) => {
      const head = nodeAnswerHead(response)
      try {
        const entered = await enter(nodeRequestHead(request), head)
        if (!entered.ok) return sendRefusal(response, entered)
        withFields(request, entered)
        await handler(request as IncomingMessage & E, response)
      } catch (error) {
        const refusal = answerTo(authenticator, error, head, rule)
        if (refusal === null) throw error
        sendRefusal(response, refusal)
      }
    }
  return {
    requireSession: (handler, rule) => wrapped(entrance<A, I>(authenticator, rule), handler, rule),
    optionalSession: (handler, rule) => wrapped(freeEntrance<A, I>(authenticator, rule), handler, rule),
  }
}
