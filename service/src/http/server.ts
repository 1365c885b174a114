import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { getRequestListener } from "@hono/node-server"
import { HttpProblem, problemResponse } from "./problem.js"
import { refuseTarget } from "./request-target.js"

/** A request that no app saw, for its target was refused. */
export interface RefusedRequest {
  readonly requestId: string
  readonly method: string
  readonly status: number
}

/** As the app takes them, and no longer. */
const REQUEST_ID = /^[\w=-]{1,36}$/
/** Connections of a server over which nothing has come yet. */
const SILENT = new WeakMap<Server, Set<Socket>>()

/**
 * Serves an app on node:http. Request targets are checked as they came over the wire, before anything parses them.
 *
 * @param onRefused - told of each request whose target was refused
 */
export function createHttpServer(
  fetch: (request: Request) => Response | Promise<Response>,
  onRefused: (request: RefusedRequest) => void = () => undefined,
): Server {
  const invalid = (detail: string, requestId: string = crypto.randomUUID()): Response =>
    problemResponse(new HttpProblem("ERR_INVALID_ARGUMENT", detail), requestId)
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    errorHandler: () => invalid("Expected a request with a valid Host and target."),
  })
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, (incoming, outgoing) => {
    // While it stops, no connection is to bring another request.
    if (!server.listening) outgoing.shouldKeepAlive = false
    const refusal = refuseTarget(incoming.url ?? "")
    if (refusal === null) {
      void listener(incoming, outgoing)
      return
    }
    const given = incoming.headers["x-request-id"]
    const requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : crypto.randomUUID()
    const response = invalid(refusal, requestId)
    onRefused({ requestId, method: incoming.method ?? "", status: response.status })
    void send(response, incoming, outgoing)
  })
  const silent = new Set<Socket>()
  SILENT.set(server, silent)
  server.on("connection", (socket: Socket) => {
    silent.add(socket)
    socket.once("close", () => silent.delete(socket))
  })
  server.on("request", ({ socket }: IncomingMessage) => silent.delete(socket))
  return server
}

/** Node counts a connection over which nothing came as one that is in use. */
export function closeSilentConnections(server: Server): void {
  for (const socket of SILENT.get(server) ?? []) if (socket.bytesRead === 0) socket.destroy()
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
