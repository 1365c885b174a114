import type { IncomingMessage, ServerResponse } from "node:http"

/** A way of keeping sessions behind a small web application, the same one for all. */
export interface Peer extends AsyncDisposable {
  readonly name: string
  /** Answers POST /sign-in, POST /set/NAME/VALUE/THINK_MS, GET /session and POST /sign-out as its application would. */
  handle(request: IncomingMessage, response: ServerResponse): void
}

/** What a path asks for. */
export interface Asked {
  readonly what: "sign-in" | "set" | "session" | "sign-out"
  readonly attribute: string
  readonly value: string
  readonly thinkMs: number
}

/** @throws when the path is none of the application's */
export function readPath(path = ""): Asked {
  const [, what = "", attribute = "", value = "", thinkMs = "0"] = path.split("/")
  if (what !== "sign-in" && what !== "set" && what !== "session" && what !== "sign-out") throw new Error(`Expected a path of the application, got "${what}"`)
  return { what, attribute, value, thinkMs: Number(thinkMs) }
}

/** Ends a request. `null`: there is no such session. */
export function answer(response: ServerResponse, attributes: Readonly<Record<string, unknown>> | null): void {
  response.statusCode = attributes === null ? 401 : 200
  response.end(JSON.stringify(attributes))
}

export function answerFailure(response: ServerResponse): void {
  response.statusCode = 503
  response.end("{}")
}
