import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { nodeDoor } from "../../../exports/node.js"
import type { Route, Visit } from "../routes.js"
import { jsonBody, listening, routeOf, type StartServer } from "./server.js"

export const startNode: StartServer = (auth, routes) => {
  const door = nodeDoor(auth)
  const listeners = new Map(
    routes.map((route) => [
      route,
      route.access === "optional"
        ? door.optionalSession((request, response) => answer(request, response, route, request.auth, null), route.rule)
        : door.requireSession((request, response) => answer(request, response, route, request.auth, request.session), route.rule),
    ]),
  )
  const errors: unknown[] = []
  const server = createServer((request, response) => {
    const route = routeOf(routes, request.method, request.url)
    const listener = route && listeners.get(route)
    listener?.(request, response).catch((error: unknown) => {
      errors.push(error)
      response.writeHead(500).end()
    })
  })
  return listening(server, errors)
}

async function answer(request: IncomingMessage, response: ServerResponse, { run }: Route, auth: Visit["auth"], session: Visit["session"]): Promise<void> {
  // As many applications do it: all headers at once, when the head is sent.
  const headers = new Map<string, string>()
  const setHeader = (name: string, value: string): void => void headers.set(name, value)
  const { status, json, stream } = await run({ auth, session, body: await jsonBody(request), setHeader })
  if (json !== undefined) headers.set("Content-Type", "application/json")
  response.writeHead(status, Object.fromEntries(headers))
  if (stream === undefined) response.end(JSON.stringify(json))
  else await pipeline(Readable.from(stream), response)
}
