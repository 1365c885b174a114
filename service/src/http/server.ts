import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { getRequestListener } from "@hono/node-server"
import { refuseHost } from "./host.js"
import { HttpProblem, problemResponse } from "./problem.js"
import { refuseTarget } from "./request-target.js"

/** A request that no app saw, for its target, its Host or what it expects was refused. */
export interface RefusedRequest {
  readonly requestId: string
  readonly method: string
  readonly status: number
}

/** As the app takes them, and no longer. */
const REQUEST_ID = /^[\w=-]{1,36}$/
/** What stands in the URLs that the app sees. It means nothing there, so that what a caller sends as Host cannot either. */
const HOST = "localhost"
/** Connections of a server over which nothing has come yet. */
const SILENT = new WeakMap<Server, Set<Socket>>()

/**
 * Serves an app on node:http. Request targets and Hosts are checked as they came over the wire, before anything parses them.
 *
 * @param onRefused - told of each request that was refused before the app saw it
 */
export function createHttpServer(
  fetch: (request: Request) => Response | Promise<Response>,
  onRefused: (request: RefusedRequest) => void = () => undefined,
): Server {
  const listener = getRequestListener(fetch, {
    overrideGlobalObjects: false,
    errorHandler: (error) => problemResponse(error, crypto.randomUUID()),
  })
  const refuse = (detail: string, incoming: IncomingMessage, outgoing: ServerResponse, status?: number): void => {
    const given = incoming.headers["x-request-id"]
    const requestId = typeof given === "string" && REQUEST_ID.test(given) ? given : crypto.randomUUID()
    const response = problemResponse(new HttpProblem("ERR_INVALID_ARGUMENT", detail, { ...(status !== undefined && { status }) }), requestId)
    onRefused({ requestId, method: incoming.method ?? "", status: response.status })
    void send(response, incoming, outgoing)
  }
  // Without a Host, Node would answer by itself.
  const options = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000, requireHostHeader: false }
  const server = createServer(options, (incoming, outgoing) => {
    // While it stops, no connection is to bring another request.
    if (!server.listening) outgoing.shouldKeepAlive = false
    const refusal = refuseTarget(incoming.url ?? "") ?? refuseHost(incoming.rawHeaders, incoming.httpVersion)
    if (refusal !== null) return refuse(refusal, incoming, outgoing)
    incoming.headers.host = HOST
    void listener(incoming, outgoing)
  })
  server.on("checkExpectation", (incoming: IncomingMessage, outgoing: ServerResponse) =>
    refuse("Expected no Expect but 100-continue.", incoming, outgoing, 417),
  )
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
