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
/** What Node does not tell of a server's connections. */
interface Traffic {
  /** Connections over which nothing has come yet. */
  readonly silent: Set<Socket>
  requests: number
}
const TRAFFIC = new WeakMap<Server, Traffic>()

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
  const traffic: Traffic = { silent: new Set(), requests: 0 }
  TRAFFIC.set(server, traffic)
  server.on("connection", (socket: Socket) => {
    traffic.silent.add(socket)
    socket.once("close", () => traffic.silent.delete(socket))
  })
  server.on("request", ({ socket }: IncomingMessage) => {
    traffic.silent.delete(socket)
    traffic.requests += 1
  })
  return server
}

/**
 * Closes the connections without a request, unless some came since the event loop last looked: then more may lie unread, and a request whose connection is
 * closed in place of an answer is lost, as nobody can tell whether it was carried out. Node takes a connection over which nothing came for one that is in use.
 * To be called by a timer: then sockets are read before the immediate runs.
 */
export function closeUnused(server: Server): void {
  const traffic = TRAFFIC.get(server)
  const before = traffic?.requests
  setImmediate(() => {
    if (traffic?.requests !== before) return
    server.closeIdleConnections()
    for (const socket of traffic?.silent ?? []) if (socket.bytesRead === 0) socket.destroy()
  })
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
