import type { WebSocket } from "ws"
import type { SessionId } from "../domain/interfaces/session/ISessionService.js"

/** Close codes: the first is of the range for applications, made after 401; the second is registered as "try again later" (RFC 6455, 7.4.2). */
const ENDED = { code: 4401, reason: "The session has ended." }
const UNKNOWN = { code: 1013, reason: "Sessions cannot be looked at right now." }
const MOST_UNKNOWN_LOOKS = 3
/** How long a closed socket may take to say goodbye. */
const GOODBYE_MS = 1_000

/** Closes open sockets whose session has ended. */
export class SocketWatch {
  readonly #everyMs: number
  readonly #sockets = new Map<SessionId, Set<WebSocket>>()

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /**
   * Looks at the session in turns, one look at a time, until the socket is closed; first at once, for it may have ended since the handshake's read.
   *
   * @param stillOpen rejects when nobody can say
   */
  watch(socket: WebSocket, sessionId: SessionId, stillOpen: () => Promise<boolean>): void {
    const sockets = this.#sockets.get(sessionId) ?? new Set()
    this.#sockets.set(sessionId, sockets.add(socket))
    let unknown = 0
    const check = async (): Promise<void> => {
      const open = await stillOpen().catch(() => null)
      unknown = open === null ? unknown + 1 : 0
      if (open === false) close(socket, ENDED)
      else if (unknown === MOST_UNKNOWN_LOOKS) close(socket, UNKNOWN)
      else if (socket.readyState !== socket.CLOSED) timer = later(check, this.#everyMs)
    }
    let timer = later(check, 0)
    socket.once("close", () => {
      clearTimeout(timer)
      sockets.delete(socket)
      if (sockets.size === 0) this.#sockets.delete(sessionId)
    })
  }

  /** Closes the sockets of a session at once. */
  end(sessionId: SessionId): void {
    for (const socket of this.#sockets.get(sessionId) ?? []) close(socket, ENDED)
  }
}

function later(check: () => Promise<void>, delayMs: number): NodeJS.Timeout {
  return setTimeout(() => void check(), delayMs).unref()
}

/** Nothing that arrives from now on is heard: whoever is at the other end may go on sending instead of saying goodbye. */
export function close(socket: WebSocket, { code, reason }: { readonly code: number; readonly reason: string }): void {
  silence(socket)
  socket.close(code, reason)
  setTimeout(() => socket.terminate(), GOODBYE_MS).unref()
}

/** Also for listeners that are added later. */
function silence(socket: WebSocket): void {
  const emit = socket.emit
  socket.emit = (event: string | symbol, ...args: unknown[]): boolean => event !== "message" && Reflect.apply(emit, socket, [event, ...args])
}
