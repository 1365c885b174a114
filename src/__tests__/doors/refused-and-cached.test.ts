import { createServer, type RequestListener } from "node:http"
import express from "express"
import Fastify from "fastify"
import { Hono } from "hono"
import Koa from "koa"
import { expect, it, onTestFinished } from "vitest"
import { type Authenticator, createAuthenticator } from "../../exports/auth.js"
import { expressDoor } from "../../exports/express.js"
import { fastifyDoor } from "../../exports/fastify.js"
import { honoDoor } from "../../exports/hono.js"
import { createSessionService, type SessionAttributes } from "../../exports/index.js"
import { koaDoor } from "../../exports/koa.js"
import { nodeDoor } from "../../exports/node.js"
import { createRateLimitingService, type OwnedRateLimitingService } from "../../exports/rate-limit.js"
import { ORIGIN } from "./Browser.js"
import { TARGETED } from "./routes.js"
import { listening } from "./servers/server.js"

type Auth = Authenticator<SessionAttributes, SessionAttributes>
type Limits = OwnedRateLimitingService<{ readonly api: { readonly limit: 1; readonly window: "1h" } }>
interface Heads {
  readonly status: number
  readonly headers: Headers
}
type Ask = (path: string, init: RequestInit) => Promise<Heads>
const SAID = Object.fromEntries([...TARGETED, "Cache-Control"].map((name) => [name, "public, max-age=600"]))

async function served(listener: RequestListener): Promise<Ask> {
  const { url, close } = await listening(createServer(listener), [])
  onTestFinished(close)
  return (path, init) => fetch(url + path, init)
}

/** Applications that say of all their answers that caches may keep them; `/limited` is under a limit, and nobody looks at a session. */
const DOORS: Readonly<Record<string, (auth: Auth, limits: Limits) => Ask | Promise<Ask>>> = {
  Express: (auth, limits) => {
    const door = expressDoor(auth)
    const app = express().use((_request, response, next) => {
      response.set(SAID)
      next()
    })
    app.get("/limited", door.rateLimit(limits, "api"), (_request, response) => void response.send("done"))
    app.post(
      "/open",
      door.optionalSession((_request, response) => void response.send("done")),
    )
    return served(app)
  },
  Fastify: async (auth, limits) => {
    const door = fastifyDoor(auth)
    const app = Fastify({ forceCloseConnections: true })
    app.addHook("onRequest", async (_request, reply) => void reply.headers(SAID))
    app.get("/limited", { preHandler: door.rateLimit(limits, "api") }, async () => "done")
    app.post(
      "/open",
      door.optionalSession(async () => "done"),
    )
    onTestFinished(() => app.close())
    const url = await app.listen({ host: "127.0.0.1", port: 0 })
    return (path, init) => fetch(url + path, init)
  },
  Koa: (auth, limits) => {
    const door = koaDoor(auth)
    const [limited, open] = [door.rateLimit(limits, "api"), door.optionalSession() as Koa.Middleware]
    const app = new Koa().use((context, next) => {
      context.set(SAID)
      return next()
    })
    app.use((context, next) => (context.path === "/limited" ? limited : open)(context, next))
    app.use((context) => void Object.assign(context, { body: "done" }))
    const answer = app.callback()
    return served((request, response) => void answer(request, response))
  },
  "node:http": (auth, limits) => {
    const door = nodeDoor(auth)
    const limited = door.rateLimit(limits, "api")
    const open = door.optionalSession((_request, response) => void response.end("done"))
    return served((request, response) => {
      response.setHeaders(new Map(Object.entries(SAID)))
      void (request.url === "/limited" ? limited(request, response, () => response.end("done")) : open(request, response))
    })
  },
  Hono: (auth, limits) => {
    const door = honoDoor(auth, { remoteAddress: () => "192.0.2.1" })
    const app = new Hono().use(async (c, next) => {
      for (const [name, value] of Object.entries(SAID)) c.header(name, value)
      await next()
    })
    app.get("/limited", door.rateLimit(limits, "api"), (c) => c.text("done"))
    app.post("/open", door.optionalSession(), (c) => c.text("done"))
    return async (path, init) => app.fetch(new Request(ORIGIN + path, init))
  },
}

it.each(Object.entries(DOORS))("a refusal of the door of %s is for no cache, whatever other middleware said", async (_name, start) => {
  await using sessions = await createSessionService({ store: "memory:" })
  await using limits = await createRateLimitingService({ store: "memory:", rules: { api: { limit: 1, window: "1h" } } as const })
  const ask = await start(createAuthenticator({ sessions, origin: ORIGIN }), limits)
  const told = ({ status, headers }: Heads): unknown => [
    status,
    headers.get("cache-control"),
    TARGETED.filter((name) => headers.has(name)),
    headers.get("ratelimit") !== null,
  ]
  expect(told(await ask("/limited", {}))).toEqual([200, "public, max-age=600", TARGETED, true])
  expect(told(await ask("/limited", {}))).toEqual([429, "no-store", [], true])
  expect(told(await ask("/open", { method: "POST", headers: { origin: "https://evil.example" } }))).toEqual([403, "no-store", [], false])
})
