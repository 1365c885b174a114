import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { getRequestListener } from "@hono/node-server"
import { HttpProblem, problemResponse } from "./problem.js"
import { refuseTarget } from "./request-target.js"

/**
 * Serves an app on node:http. Request targets are checked as they came over the wire, before anything parses them.
 */
export function createHttpServer(fetch: (request: Request) => Response | Promise<Response>): Server {
  const invalid = (detail: string): Response => problemResponse(new HttpProblem("ERR_INVALID_ARGUMENT", detail), crypto.randomUUID())
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    errorHandler: () => invalid("Expected a request with a valid Host and target."),
  })
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    // While it stops, no connection is to bring another request.
    if (!server.listening) outgoing.shouldKeepAlive = false
    const refusal = refuseTarget(incoming.url ?? "")
    void (refusal === null ? listener(incoming, outgoing) : send(invalid(refusal), incoming, outgoing))
  })
  return server
}

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const body = await response.text()
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    connection: "close",
  })
  outgoing.end(body)
  incoming.resume()
}
