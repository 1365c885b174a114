import { createServer, type RequestListener } from "node:http"
import { createRequire } from "node:module"
import fastifyCookie from "@fastify/cookie"
import fastifySession from "@fastify/session"
import express5, { type ErrorRequestHandler, type Request, type RequestHandler } from "express"
import expressSession from "express-session"
import Fastify from "fastify"
import Koa from "koa"
import koaSession from "koa-session"
import { beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { CoatcheckStore as ExpressStore } from "../../drop-in/express-session.js"
import { CoatcheckStore as FastifyStore } from "../../drop-in/fastify-session.js"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"
import { createAuthenticator } from "../../exports/auth.js"
import { expressDoor } from "../../exports/express.js"
import { fastifyDoor } from "../../exports/fastify.js"
import { createSessionService, type OwnedSessionService } from "../../exports/index.js"
import { koaDoor } from "../../exports/koa.js"
import { nodeDoor } from "../../exports/node.js"
import { Browser, ORIGIN } from "./Browser.js"
import type { Attributes, Auth } from "./routes.js"
import { listening } from "./servers/server.js"

const express4 = createRequire(import.meta.url)("express4") as typeof express5
const SECRET = "a secret of an application, long enough for everybody"
/** What stands in the session of the other library. */
type Old = Record<string, unknown>
const REFUSED = expect.objectContaining({ code: "ERR_CONFIG_INVALID", message: expect.stringContaining("sessionOf()") })

let sessions: OwnedSessionService<Attributes, Attributes>
let auth: Auth
beforeEach(async () => {
  sessions = await createSessionService<Attributes>({ store: "memory:" })
  auth = createAuthenticator({ sessions, origin: ORIGIN })
  return () => sessions.close()
})

async function browserOf(app: RequestListener): Promise<Browser> {
  const { url, close } = await listening(createServer(app), [])
  onTestFinished(close)
  return new Browser(url)
}

const sessionsOf = async (userId: string): Promise<number> => (await sessions.getUserSessions(userId)).sessions.length

/** What somebody sees who signs in at both, goes to routes that have moved and that have not, and signs out of both. */
async function seesBoth(browser: Browser): Promise<void> {
  expect((await browser.get("/moved")).status).toBe(401)
  expect((await browser.post("/sign-in")).setCookies).toHaveLength(2)
  expect((await browser.get("/old")).json).toEqual({ user: "old ada", visits: 1 })
  expect((await browser.get("/moved")).json).toEqual({ user: "ada" })
  expect((await browser.get("/devices")).json).toEqual({ devices: 1 })
  expect((await browser.get("/both")).json).toEqual({ user: "ada", old: "old ada" })
  expect((await browser.get("/old")).json).toEqual({ user: "old ada", visits: 3 })
  expect(await sessionsOf("ada")).toBe(1)

  expect((await browser.post("/sign-out")).json).toEqual({ ended: 1 })
  expect(await sessionsOf("ada")).toBe(0)
  expect((await browser.get("/moved")).status).toBe(401)
  expect((await browser.get("/old")).json).toEqual({ user: null, visits: 1 })
  await leavesNoneBehind(browser)
}

/** Whose session at the door is over, as after "sign out everywhere", signs out of the other one all the same. */
async function leavesNoneBehind(browser: Browser): Promise<void> {
  await browser.post("/sign-in")
  expect((await browser.get("/old")).json).toMatchObject({ user: "old ada" })
  await sessions.deleteUserSessions("ada")
  expect(await browser.post("/sign-out")).toMatchObject({ status: 401, json: { code: "ERR_SESSION_ENDED" } })
  expect((await browser.get("/old")).json).toEqual({ user: null, visits: 1 })
}

describe.each([
  ["Express 5", express5],
  ["Express 4", express4],
])("%s with express-session for all routes", (_name, express) => {
  const errors: unknown[] = []
  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    errors.push(error)
    response.status(500).json({ old: typeof response.req.session?.touch })
  }
  const withExpressSession = () => {
    errors.length = 0
    const store = new ExpressStore({ store: "memory:" })
    onTestFinished(() => store.close())
    return express()
      .set("env", "test")
      .use(expressSession({ store, secret: SECRET, resave: false, saveUninitialized: false }))
  }
  const oldOf = (request: Pick<Request, "session">): Old => request.session as unknown as Old

  it("serves routes that have moved beside those that have not", async () => {
    const { guard, sessionOf, optionalSession, answerErrors } = expressDoor(auth)
    const app = withExpressSession()
    const signIn = optionalSession(async (request, response, next) => {
      await request.auth.signIn({ userId: "ada" })
      request.session.regenerate((error) => {
        if (error) return next(error)
        oldOf(request).user = "old ada"
        response.json({})
      })
    })
    const signOut = optionalSession(async (request, response) => {
      await new Promise<void>((ended, failed) => void request.session.destroy((error) => (error ? failed(error) : ended())))
      response.json({ ended: await request.auth.signOut() })
    })
    app.post("/sign-in", signIn).post("/sign-out", signOut)
    app.get("/old", (request, response) => {
      const old = oldOf(request)
      old.visits = Number(old.visits ?? 0) + 1
      response.json({ user: old.user ?? null, visits: old.visits })
    })
    app.get("/moved", guard(), (request, response) => void response.json({ user: sessionOf(request).userId }))
    const devices = optionalSession(async (request, response) => void response.json({ devices: (await request.auth.devices()).length }))
    app.get("/devices", guard(), devices)
    app.get("/both", guard(), (request, response) => {
      const old = oldOf(request)
      old.visits = Number(old.visits) + 1
      response.json({ user: sessionOf(request).userId, old: old.user })
    })
    app.use(answerErrors()).use(onError)
    await seesBoth(await browserOf(app))
    expect(errors).toEqual([])
  })

  it("answers with an error that says what to do, where a handler would find one session in place of the other", async () => {
    const { requireSession, optionalSession } = expressDoor(auth)
    const app = withExpressSession()
    app.post(
      "/sign-in",
      optionalSession(async (request, response) => void response.json(await request.auth.signIn({ userId: "ada" }))),
    )
    const needsSession = requireSession((_request, response) => void response.send("let in"))
    app.get("/wrapped", needsSession)
    const end: RequestHandler = (request, _response, next) => void request.session.destroy(next)
    app.get("/wrapped-after-the-end", end, needsSession)
    const clear: RequestHandler = (request, _response, next) => {
      Object.assign(request, { session: null })
      next()
    }
    app.get("/wrapped-after-null", clear, needsSession)
    app.use(onError)
    const browser = await (await browserOf(app)).signedIn("ada")
    expect(await browser.get("/wrapped")).toMatchObject({ status: 500, json: { old: "function" } })
    expect(await browser.get("/wrapped-after-the-end")).toMatchObject({ status: 500 })
    expect(await browser.get("/wrapped-after-null")).toMatchObject({ status: 500 })
    expect(errors).toEqual([REFUSED, REFUSED, REFUSED])
  })

  it("lets routes that express-session does not see have the session in its place", async () => {
    const { requireSession, optionalSession } = expressDoor(auth)
    const app = express().set("env", "test")
    const signIn = optionalSession(async (request, response) => void response.json(await request.auth.signIn({ userId: "ada" })))
    app.post("/sign-in", signIn)
    app.get(
      "/moved",
      requireSession((request, response) => void response.json({ user: request.session.userId })),
    )
    app.use(expressSession({ secret: SECRET, resave: false, saveUninitialized: false }))
    app.get("/old", (request, response) => void response.json({ old: typeof request.session.touch }))
    const browser = await (await browserOf(app)).signedIn("ada")
    expect((await browser.get("/moved")).json).toEqual({ user: "ada" })
    expect((await browser.get("/old")).json).toEqual({ old: "function" })
  })
})

describe("Fastify with @fastify/session for all routes", () => {
  const withFastifySession = async () => {
    const store = new FastifyStore({ store: "memory:" })
    const app = Fastify({ forceCloseConnections: true })
    onTestFinished(async () => {
      await app.close()
      await store.close()
    })
    await app.register(fastifyCookie)
    await app.register(fastifySession, { store, secret: SECRET, cookie: { secure: false }, saveUninitialized: false })
    return app
  }
  const oldOf = (request: { readonly session: object }): Old => request.session as Old

  it("serves routes that have moved beside those that have not", async () => {
    const { guard, sessionOf, optionalSession, answerError } = fastifyDoor(auth)
    const app = await withFastifySession()
    app.setErrorHandler(answerError)
    const signIn = optionalSession(async (request) => {
      await request.auth.signIn({ userId: "ada" })
      await request.session.regenerate()
      oldOf(request).user = "old ada"
      return {}
    })
    const signOut = optionalSession(async (request) => {
      await request.session.destroy()
      return { ended: await request.auth.signOut() }
    })
    app.post("/sign-in", signIn)
    app.post("/sign-out", signOut)
    app.get("/old", async (request) => {
      const old = oldOf(request)
      old.visits = Number(old.visits ?? 0) + 1
      return { user: old.user ?? null, visits: old.visits }
    })
    const preHandler = guard()
    app.get("/moved", { preHandler }, async (request) => ({ user: sessionOf(request).userId }))
    const devices = optionalSession(async (request) => ({ devices: (await request.auth.devices()).length }))
    app.get("/devices", { preHandler }, devices)
    app.get("/both", { preHandler }, async (request) => {
      const old = oldOf(request)
      old.visits = Number(old.visits) + 1
      return { user: sessionOf(request).userId, old: old.user }
    })
    await seesBoth(new Browser(await app.listen({ host: "127.0.0.1", port: 0 })))
  })

  it("loses nothing of the other session where a handler would find one in place of the other", async () => {
    const { requireSession, optionalSession } = fastifyDoor(auth)
    const app = await withFastifySession()
    const errors: unknown[] = []
    app.setErrorHandler(async (error, _request, reply) => {
      errors.push(error)
      return reply.status(500).send({})
    })
    const signIn = optionalSession(async (request) => request.auth.signIn({ userId: "ada" }))
    app.post("/sign-in", signIn)
    app.addHook("preHandler", async (request) => {
      oldOf(request).visits = Number(oldOf(request).visits ?? 0) + 1
    })
    app.get(
      "/wrapped",
      requireSession(async () => "let in"),
    )
    app.get("/old", async (request) => ({ visits: oldOf(request).visits }))
    const browser = await new Browser(await app.listen({ host: "127.0.0.1", port: 0 })).signedIn("ada")
    expect((await browser.get("/wrapped")).status).toBe(500)
    expect(errors).toEqual([REFUSED])
    expect((await browser.get("/old")).json).toEqual({ visits: 3 })
  })
})

it("Koa with koa-session for all routes: neither stands in the other's place", async () => {
  const store = new KoaStore({ store: "memory:" })
  onTestFinished(() => store.close())
  const { requireSession, optionalSession } = koaDoor(auth)
  const app = new Koa()
  app.keys = [SECRET]
  app.use(koaSession({ store }, app)).use(optionalSession() as Koa.Middleware)
  const moved = requireSession() as Koa.Middleware
  app.use(async (context) => {
    const old = (): Old => context.session as unknown as Old
    const count = (): void => void Object.assign(old(), { visits: Number(old().visits ?? 0) + 1 })
    const answers: Readonly<Record<string, () => Promise<void>>> = {
      "/sign-in": async () => {
        await context.state.auth.signIn({ userId: "ada" })
        old().user = "old ada"
        context.body = {}
      },
      "/sign-out": async () => {
        context.session = null
        context.body = { ended: await context.state.auth.signOut() }
      },
      "/old": async () => {
        count()
        context.body = { user: old().user ?? null, visits: old().visits }
      },
      "/moved": () => moved(context, async () => void Object.assign(context, { body: { user: context.state.session.userId } })),
      "/devices": () => moved(context, async () => void Object.assign(context, { body: { devices: (await context.state.auth.devices()).length } })),
      "/both": () =>
        moved(context, async () => {
          count()
          context.body = { user: context.state.session.userId, old: old().user }
        }),
    }
    await answers[context.path]?.()
  })
  const answer = app.callback()
  const browser = await browserOf((request, response) => void answer(request, response))
  expect((await browser.get("/moved")).status).toBe(401)
  // koa-session signs its cookie with another.
  expect((await browser.post("/sign-in")).setCookies).toHaveLength(3)
  expect((await browser.get("/old")).json).toEqual({ user: "old ada", visits: 1 })
  expect((await browser.get("/both")).json).toEqual({ user: "ada", old: "old ada" })
  expect((await browser.get("/devices")).json).toEqual({ devices: 1 })
  expect((await browser.post("/sign-out")).json).toEqual({ ended: 1 })
  expect((await browser.get("/moved")).status).toBe(401)
  expect((await browser.get("/old")).json).toEqual({ user: null, visits: 1 })
  await leavesNoneBehind(browser)
})

it("node:http refuses it alike", async () => {
  const { requireSession, optionalSession } = nodeDoor(auth)
  const other = expressSession({ secret: SECRET, resave: false, saveUninitialized: false })
  const signIn = optionalSession(async (request, response) => void response.end(JSON.stringify(await request.auth.signIn({ userId: "ada" }))))
  const needsSession = requireSession((_request, response) => response.end("let in"))
  const errors: unknown[] = []
  const browser = await browserOf((request, response) => {
    const listener = request.url === "/sign-in" ? signIn : needsSession
    const onError = (error: unknown): void => {
      errors.push(error)
      response.writeHead(500).end()
    }
    other(request as never, response as never, () => void listener(request, response).catch(onError))
  })
  await browser.signedIn("ada")
  expect((await browser.get("/wrapped")).status).toBe(500)
  expect(errors).toEqual([REFUSED])
})
