import { createServer } from "node:http"
import { createRequire } from "node:module"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import express5, { type ErrorRequestHandler, type NextFunction, type Request, type RequestHandler, type Response } from "express"
import { expressDoor } from "../../../exports/express.js"
import { NO_AUTH, type Reply, type Route, type Visit } from "../routes.js"
import { listening, type StartServer } from "./server.js"

const require = createRequire(import.meta.url)
const express4 = require("express4") as typeof express5

export const startExpress5: StartServer = startExpress(express5)
export const startExpress4: StartServer = startExpress(express4)

function startExpress(express: typeof express5): StartServer {
  return (auth, routes) => {
    const door = expressDoor(auth)
    const app = express().disable("x-powered-by").use(express.json())
    for (const route of routes) app[route.method.toLowerCase() as "get"](route.path, ...handlersOf(route))
    const errors: unknown[] = []
    const listen: ErrorRequestHandler = (error, _request, _response, next) => {
      errors.push(error)
      next(error)
    }
    app.use(door.answerErrors(), listen)
    return listening(createServer(app), errors)

    function handlersOf({ access, rule, run }: Route): RequestHandler[] {
      if (access === "optional") return [door.optionalSession((request, response) => answer(request, response, run, request.auth, null), rule)]
      if (access === "session") return [door.requireSession((request, response) => answer(request, response, run, request.auth, request.session), rule)]
      const handler = (request: Request, response: Response, next: NextFunction): void =>
        void answer(request, response, run, NO_AUTH, door.sessionOf(request)).catch(next)
      return [door.guard(rule), handler]
    }
  }
}

async function answer(request: Pick<Request, "body">, response: Response, run: Route["run"], auth: Visit["auth"], session: Visit["session"]): Promise<void> {
  const setHeader = (name: string, value: string): void => void response.setHeader(name, value)
  const { status, json, stream }: Reply = await run({ auth, session, body: request.body ?? {}, setHeader })
  response.status(status)
  if (stream !== undefined) await pipeline(Readable.from(stream), response)
  else if (json === undefined) response.end()
  else response.json(json)
}
