import { createHash, randomBytes } from "node:crypto"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import fastifyCookie from "@fastify/cookie"
import fastifySession from "@fastify/session"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { expressDoor } from "coatcheck/express"
import { fastifyDoor } from "coatcheck/fastify"
import { nodeDoor } from "coatcheck/node"
import { RedisStore } from "connect-redis"
import express from "express"
import expressSession from "express-session"
import fastify, { type FastifyInstance } from "fastify"
import { createClient } from "redis"

const SECRET = "a secret of a measurement, long enough"
const ORIGIN = "https://app.example"

/** What each application answers: `POST /sign-in/NAME` gives a cookie, `GET /me` says whose it is. */
export const APPLICATIONS: Readonly<Record<string, (url: string) => Promise<RequestListener>>> = {
  "node:http": async () => (request, response) => answer(response, request.method === "POST" ? "" : "ada"),
  "node:http with coatcheck": async (url) => nodeWith(await authenticator(url)),
  "node:http with coatcheck and its near-cache": async (url) => nodeWith(await authenticator(url, { nearCache: true })),
  express: async () => {
    const app = express()
    app.post("/sign-in/:name", (_request, response) => void response.json({}))
    app.get("/me", (_request, response) => void response.json({ user: "ada" }))
    return app
  },
  "express with coatcheck": async (url) => expressWith(await authenticator(url)),
  "express with coatcheck and its near-cache": async (url) => expressWith(await authenticator(url, { nearCache: true })),
  "express with express-session and connect-redis": async (url) => {
    const client = await createClient({ url }).connect()
    const app = express()
    app.use(expressSession({ store: new RedisStore({ client }), secret: SECRET, resave: false, saveUninitialized: false }))
    type Stored = { user?: string }
    app.post("/sign-in/:name", (request, response) => {
      ;(request.session as Stored).user = request.params.name
      response.json({})
    })
    app.get("/me", (request, response) => {
      const { user } = request.session as Stored
      if (user === undefined) response.sendStatus(401)
      else response.json({ user })
    })
    return app
  },
  fastify: async () => {
    const app = fastify()
    app.post("/sign-in/:name", async () => ({}))
    app.get("/me", async () => ({ user: "ada" }))
    return listenerOf(app)
  },
  // What nobody can do without who takes a token from a cookie and does not keep it as it is.
  "fastify with a cookie read and one hash made": async () => {
    const app = fastify()
    await app.register(fastifyCookie)
    app.post("/sign-in/:name", async (_request, reply) => {
      reply.setCookie("session", randomBytes(48).toString("base64url"), { path: "/", httpOnly: true })
      return {}
    })
    app.get("/me", async (request, reply) => {
      const { session } = request.cookies
      if (session === undefined) return reply.code(401).send()
      createHash("sha256").update(session).digest()
      return { user: "ada" }
    })
    return listenerOf(app)
  },
  "fastify with coatcheck": async (url) => fastifyWith(await authenticator(url)),
  "fastify with coatcheck and its near-cache": async (url) => fastifyWith(await authenticator(url, { nearCache: true })),
  "fastify with @fastify/session and connect-redis": async (url) => {
    const client = await createClient({ url }).connect()
    const app = fastify()
    await app.register(fastifyCookie)
    await app.register(fastifySession, { store: new RedisStore({ client }) as never, secret: SECRET, saveUninitialized: false, cookie: { secure: false } })
    app.post("/sign-in/:name", async (request) => {
      request.session.set("user" as never, (request.params as { readonly name: string }).name as never)
      return {}
    })
    app.get("/me", async (request, reply) => {
      const user = request.session.get("user" as never) as unknown
      return user === undefined ? reply.code(401).send() : { user }
    })
    return listenerOf(app)
  },
}

export async function authenticator(url: string, more: { readonly nearCache?: boolean } = {}) {
  const client = await createClient({ url }).connect()
  return createAuthenticator({ sessions: await createSessionService({ store: client, ...more }), origin: ORIGIN })
}

type Authenticator = Awaited<ReturnType<typeof authenticator>>

function nodeWith(authenticated: Authenticator): RequestListener {
  const door = nodeDoor(authenticated)
  const signIn = door.optionalSession(async (request, response) => {
    await request.auth.signIn({ userId: nameIn(request) })
    answer(response, "")
  })
  const me = door.requireSession((request, response) => answer(response, request.session.userId))
  return (request, response) => void (request.method === "POST" ? signIn : me)(request, response)
}

function expressWith(authenticated: Authenticator): RequestListener {
  const door = expressDoor(authenticated)
  const app = express()
  app.post(
    "/sign-in/:name",
    door.optionalSession(async (request, response) => {
      await request.auth.signIn({ userId: String(request.params.name) })
      response.json({})
    }),
  )
  app.get(
    "/me",
    door.requireSession((request, response) => void response.json({ user: request.session.userId })),
  )
  return app
}

function fastifyWith(authenticated: Authenticator): Promise<RequestListener> {
  const door = fastifyDoor(authenticated)
  const app = fastify()
  app.post(
    "/sign-in/:name",
    door.optionalSession(async (request) => {
      await request.auth.signIn({ userId: (request.params as { readonly name: string }).name })
      return {}
    }),
  )
  app.get(
    "/me",
    door.requireSession((request) => ({ user: request.session.userId })),
  )
  return listenerOf(app)
}

async function listenerOf(app: FastifyInstance): Promise<RequestListener> {
  await app.ready()
  return (request, response) => app.routing(request, response)
}

function answer(response: ServerResponse, user: string): void {
  const body = JSON.stringify({ user })
  response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": Buffer.byteLength(body) }).end(body)
}

function nameIn(request: IncomingMessage): string {
  return (request.url ?? "").split("/").at(-1) ?? ""
}
