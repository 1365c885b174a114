import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { ReadableStream } from "node:stream/web"
import { webDoor } from "../../../exports/web.js"
import type { Body, Route, Visit } from "../routes.js"
import { listening, routeOf, type StartServer } from "./server.js"

/** Functions of Web requests, and what a platform does around them. */
export const startWeb: StartServer = (auth, routes) => {
  const addresses = new WeakMap<Request, string | undefined>()
  const door = webDoor(auth, { remoteAddress: (request) => addresses.get(request) })
  const errors: unknown[] = []
  const functions = new Map(
    routes.map((route) => [
      route,
      route.access === "optional"
        ? door.optionalSession((request, context) => answer(request, route, context.auth, null), route.rule)
        : door.requireSession((request, context) => answer(request, route, context.auth, context.session), route.rule),
    ]),
  )
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const route = routeOf(routes, incoming.method, incoming.url)
    const request = requestOf(incoming)
    addresses.set(request, incoming.socket.remoteAddress)
    try {
      await send((route && (await functions.get(route)?.(request))) ?? new Response(null, { status: 404 }), outgoing)
    } catch (error) {
      errors.push(error)
      await send(new Response(null, { status: 500 }), outgoing)
    }
  }
  return listening(
    createServer((incoming, outgoing) => void serve(incoming, outgoing)),
    errors,
  )
}

function requestOf(incoming: IncomingMessage): Request {
  const headers = new Headers()
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) headers.append(String(incoming.rawHeaders[i]), String(incoming.rawHeaders[i + 1]))
  const hasBody = incoming.method !== "GET" && incoming.method !== "HEAD"
  return new Request(new URL(incoming.url ?? "/", "https://app.example"), {
    method: incoming.method ?? "GET",
    headers,
    ...(hasBody && { body: Readable.toWeb(incoming) as never, duplex: "half" }),
  } as RequestInit)
}

async function send(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, [...response.headers])
  if (response.body === null) outgoing.end()
  else await pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing)
}

async function answer(request: Request, { run }: Route, auth: Visit["auth"], session: Visit["session"]): Promise<Response> {
  const headers = new Headers()
  const body = (await request.json().catch(() => ({}))) as Body
  const { status, json, stream } = await run({ auth, session, body, setHeader: (name, value) => headers.append(name, value) })
  if (stream !== undefined) return new Response(Readable.toWeb(Readable.from(stream, { objectMode: false })) as never, { status, headers })
  return json === undefined ? new Response(null, { status, headers }) : Response.json(json, { status, headers })
}
