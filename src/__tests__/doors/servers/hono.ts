import type { Server } from "node:http"
import { Readable } from "node:stream"
import { type Context, Hono } from "hono"
import { honoDoor } from "../../../exports/hono.js"
import type { Body, Visit } from "../routes.js"
import { listening, type StartServer } from "./server.js"

/** By its shape: its typings need those of a browser. */
const { createAdaptorServer }: { createAdaptorServer(options: { readonly fetch: unknown }): Server } = await import("@hono/node-server" as string)
const { getConnInfo }: { getConnInfo(c: Context): { readonly remote: { readonly address?: string } } } = await import("@hono/node-server/conninfo" as string)

type Variables = Pick<Visit, "auth"> & { readonly session?: Visit["session"] }

export const startHono: StartServer = (auth, routes) => {
  const door = honoDoor(auth, { remoteAddress: (c) => getConnInfo(c).remote.address })
  const app = new Hono<{ Variables: Variables }>()
  const errors: unknown[] = []
  app.onError((error, c) => {
    errors.push(error)
    return c.text("Internal Server Error", 500)
  })
  for (const { method, path, access, rule, run } of routes) {
    const enter = access === "optional" ? door.optionalSession(rule) : door.requireSession(rule)
    app.on(method, path, enter as never, async (c: Context<{ Variables: Variables }>) => {
      const setHeader = (name: string, value: string): void => c.header(name, value, { append: true })
      const body = (await c.req.json().catch(() => ({}))) as Body
      const { status, json, stream } = await run({ auth: c.var.auth, session: c.var.session ?? null, body, setHeader })
      if (stream !== undefined) return c.body(Readable.toWeb(Readable.from(stream, { objectMode: false })) as ReadableStream)
      return json === undefined ? c.body(null, status as 204) : c.json(json as object, status as 200)
    })
  }
  return listening(createAdaptorServer({ fetch: app.fetch }), errors)
}
