import { type IncomingMessage, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import type { WebSocket, WebSocketServer } from "ws"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import { asConfigError } from "../domain/errors.js"
import type { SessionEvent } from "../domain/interfaces/ports.js"
import { readOptions } from "../shared/assertions.js"
import { type Duration, toMilliseconds } from "../shared/durations.js"
import type { Authenticator, Refusal, ResponseHead, RouteRule } from "../web/contract.js"
import { entrance } from "../web/door.js"
import { nodeRequestHead } from "./node-head.js"
import { close, SocketWatch } from "./SocketWatch.js"

export interface WebSocketDoorOptions {
  /** How often the session of an open socket is looked at: `"1s"` by default, from 100 ms to 5 min. */
  readonly checkEvery?: Duration | undefined
}

type Handler<A extends object, I extends object> = (
  socket: WebSocket,
  context: { readonly session: ActiveUserSession<A, I>; readonly auth: RequestAuth<A, I> },
  request: IncomingMessage,
) => unknown

/**
 * The door of WebSockets, for servers of `ws` that are made with `noServer: true`.
 *
 * A socket is closed with code 4401 at most `checkEvery` and one call's deadline after its session ended, and with 1013 when three looks in a row
 * found a store that does not answer. From then on no message of it reaches the handler. Looking is no activity: the idle timeout goes on, and
 * `session.extend()` moves it. A session whose secret was replaced is another one to an open socket: it is closed, once
 * its grace is over, and may come back with the new cookie.
 */
export interface WebSocketDoor<A extends object, I extends object> {
  /**
   * Makes a listener for `"upgrade"`: judges the request by its `Origin`, whatever its method, and answers 400, 401, 403 or 503 instead of the handshake.
   * Cookies cannot be set: `signIn` and its like reject with ERR_ANSWER_SENT. What this library has no answer for goes to the server's event
   * `"wsClientError"`, and becomes a 500 when nobody listens. So does what a handler throws or rejects with, and its socket is closed with 1011: from then on
   * no message of it reaches the handler. `maxAge` counts at the handshake.
   *
   * @throws ERR_CONFIG_INVALID for the rule, at once
   */
  requireSession(
    server: Pick<WebSocketServer, "handleUpgrade" | "emit">,
    handler: Handler<A, I>,
    rule?: RouteRule,
  ): (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** For the option `onEvent` of `createSessionService`: sockets of sessions that this process ends are closed at once. */
  onEvent(event: SessionEvent): void
}

/** Makes the door of WebSockets. @throws ERR_CONFIG_INVALID for its options */
export function webSocketDoor<A extends object, I extends object>(authenticator: Authenticator<A, I>, options: WebSocketDoorOptions = {}): WebSocketDoor<A, I> {
  const every = asConfigError(() => {
    const { checkEvery = "1s" } = readOptions(options, "the options of webSocketDoor", ["checkEvery"])
    return toMilliseconds(checkEvery, "checkEvery", { min: 100, max: 300_000 })
  })
  const watch = new SocketWatch(every)

  return {
    requireSession: (server, handler, rule) => {
      const enter = entrance<A, I>(authenticator, rule)
      /** Whether somebody listens. One who throws is no reason to end the process. */
      const report = (error: unknown, socket: Duplex, request: IncomingMessage): boolean => {
        try {
          return server.emit("wsClientError", error, socket, request)
        } catch {
          return false
        }
      }
      const letIn = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
        const requestHead = nodeRequestHead(request)
        socket.on("error", ignore)
        const response = new HandshakeHead()
        const entered = await enter(requestHead, response)
        response.sent = true
        if (!entered.ok) return answer(socket, entered)
        socket.off("error", ignore)
        server.handleUpgrade(request, socket, head, (opened) => {
          // A frame that breaks the protocol is the other end's mistake: `ws` closes the socket, and would end the process where nobody listens.
          opened.on("error", ignore)
          watch.watch(opened, entered.session.sessionId, () => authenticator.stillOpen(requestHead))
          const handle = async (): Promise<unknown> => handler(opened, entered, request)
          handle().catch((error: unknown) => {
            close(opened, FAILED)
            report(error, socket, request)
          })
        })
      }
      return (request, socket, head) =>
        void letIn(request, socket, head).catch((error: unknown) => {
          if (!report(error, socket, request)) answer(socket, UNKNOWN_ERROR)
        })
    },
    onEvent: (event) => {
      if (event.type === "ended") watch.end(event.sessionId)
    },
  }
}

/** The head of a handshake's answer is that of `ws`, and no cache keeps it. */
class HandshakeHead implements ResponseHead {
  sent = false
  readonly append = ignore
  readonly set = ignore
  readonly beforeSent = ignore
  readonly values = (): readonly string[] => []
}

const ignore = (): void => {}

const FAILED = { code: 1011, reason: "Something went wrong." }
const UNKNOWN_ERROR = { status: 500, headers: {}, problem: { title: STATUS_CODES[500] } }

function answer(socket: Duplex, { status, headers, problem }: Pick<Refusal, "headers" | "problem"> & { readonly status: number }): void {
  const body = JSON.stringify(problem)
  const lines = Object.entries({ ...headers, "Content-Length": Buffer.byteLength(body), Connection: "close" }).map(([name, value]) => `${name}: ${value}`)
  socket.once("finish", () => socket.destroy())
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, "", body].join("\r\n"))
}
