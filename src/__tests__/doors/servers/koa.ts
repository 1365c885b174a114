import { createServer } from "node:http"
import { Readable } from "node:stream"
import Koa, { type Middleware } from "koa"
import { koaDoor } from "../../../exports/koa.js"
import type { Route, Visit } from "../routes.js"
import { jsonBody, listening, routeOf, type StartServer } from "./server.js"

export const startKoa: StartServer = (auth, routes) => {
  const door = koaDoor(auth)
  const app = new Koa()
  const errors: unknown[] = []
  app.on("error", (error) => errors.push(error))
  const doors = new Map(
    routes.map((route) => [route, (route.access === "optional" ? door.optionalSession(route.rule) : door.requireSession(route.rule)) as Middleware]),
  )
  app.use(async (context) => {
    const route = routeOf(routes, context.method, context.url)
    const enter = route && doors.get(route)
    if (route === undefined || enter === undefined) return
    await enter(context as never, () => answer(context as never, route))
  })
  const serve = app.callback()
  return listening(
    createServer((request, response) => void serve(request, response)),
    errors,
  )
}

async function answer(context: Koa.ParameterizedContext<Pick<Visit, "auth"> & { readonly session?: Visit["session"] }>, { run }: Route): Promise<void> {
  const { auth, session = null } = context.state
  const setHeader = (name: string, value: string): void => context.set(name, value)
  const { status, json, stream } = await run({ auth, session, body: await jsonBody(context.req), setHeader })
  context.status = status
  if (stream !== undefined) context.body = Readable.from(stream)
  else if (json !== undefined) {
    context.type = "json"
    context.body = JSON.stringify(json)
  }
}
