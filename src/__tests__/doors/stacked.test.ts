import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import express from "express"
import Fastify from "fastify"
import { Hono, type MiddlewareHandler } from "hono"
import Koa from "koa"
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { createAuthenticator, type RequestAuth, type RouteRule } from "../../exports/auth.js"
import { expressDoor } from "../../exports/express.js"
import { fastifyDoor } from "../../exports/fastify.js"
import { honoDoor } from "../../exports/hono.js"
import type { SessionEvent } from "../../exports/index.js"
import { koaDoor } from "../../exports/koa.js"
import { nodeDoor } from "../../exports/node.js"
import { webDoor } from "../../exports/web.js"
import { Browser, ORIGIN } from "./Browser.js"
import type { Attributes, Auth } from "./routes.js"
import { listening } from "./servers/server.js"
import { type WatchedSessions, watchedSessions } from "./watched-sessions.js"

type Act = (auth: RequestAuth<Attributes>) => unknown

/** Two doors that a request goes through, and what is done behind each. */
interface Doors {
  readonly outer: Act
  readonly outerRule?: RouteRule
  readonly inner: Act
  /** Whether the inner door lets in those alone who are signed in, and whom. */
  readonly needs?: RouteRule
}

type Start = (auth: Auth, doors: Doors) => Promise<string>

const ended = async (server: ReturnType<typeof createServer>): Promise<string> => {
  const { url, close } = await listening(server, [])
  onTestFinished(close)
  return url
}

const FRAMEWORKS: Readonly<Record<string, Start>> = {
  Express: (auth, { outer, outerRule, inner, needs }) => {
    const door = expressDoor(auth)
    const app = express()
    app.use(
      door.optionalSession(async (request, _response, next) => {
        await outer(request.auth)
        next()
      }, outerRule),
    )
    if (needs) app.use(door.requireSession(async (request, response) => void response.json(await inner(request.auth)), needs))
    else app.use(door.optionalSession(async (request, response) => void response.json(await inner(request.auth))))
    return ended(createServer(app))
  },
  Fastify: async (auth, { outer, outerRule, inner, needs }) => {
    const door = fastifyDoor(auth)
    const app = Fastify({ forceCloseConnections: true })
    app.setErrorHandler(door.answerError)
    const behind = needs
      ? door.requireSession(async (request) => ({ did: await inner(request.auth) }), needs)
      : door.optionalSession(async (request) => ({ did: await inner(request.auth) }))
    app.all(
      "/",
      door.optionalSession(async (request, reply) => {
        await outer(request.auth)
        const answer = (await behind.call(app, request as never, reply)) as { did: unknown } | undefined
        return reply.sent ? reply : reply.type("application/json").send(JSON.stringify(answer?.did))
      }, outerRule),
    )
    onTestFinished(() => app.close())
    return app.listen({ host: "127.0.0.1", port: 0 })
  },
  Koa: (auth, { outer, outerRule, inner, needs }) => {
    const door = koaDoor(auth)
    const app = new Koa()
    app.use(door.optionalSession(outerRule)).use(async (context, next) => {
      await outer(context.state.auth)
      await next()
    })
    app.use((needs ? door.requireSession(needs) : door.optionalSession()) as Koa.Middleware).use(async (context) => {
      context.type = "json"
      context.body = JSON.stringify(await inner(context.state.auth))
    })
    const serve = app.callback()
    return ended(createServer((request, response) => void serve(request, response)))
  },
  Hono: async (auth, { outer, outerRule, inner, needs }) => {
    const door = honoDoor(auth)
    const app = new Hono()
    app.use(door.optionalSession(outerRule), async (context, next) => {
      await outer(context.get("auth" as never))
      await next()
    })
    app.all("/", (needs ? door.requireSession(needs) : door.optionalSession()) as MiddlewareHandler, async (context) =>
      context.json((await inner(context.get("auth" as never) as RequestAuth<Attributes>)) as never),
    )
    return ended(bridged((request) => app.fetch(request)))
  },
  "node:http": (auth, { outer, outerRule, inner, needs }) => {
    const door = nodeDoor(auth)
    const behind = needs
      ? door.requireSession(async (request, response) => void response.end(JSON.stringify(await inner(request.auth))), needs)
      : door.optionalSession(async (request, response) => void response.end(JSON.stringify(await inner(request.auth))))
    const listener = door.optionalSession(async (request, response) => {
      await outer(request.auth)
      await behind(request, response)
    }, outerRule)
    return ended(createServer((request, response) => void listener(request, response)))
  },
  "Web requests": (auth, { outer, outerRule, inner, needs }) => {
    const door = webDoor(auth)
    const behind = needs
      ? door.requireSession(async (_request, { auth }) => Response.json(await inner(auth)), needs)
      : door.optionalSession(async (_request, { auth }) => Response.json(await inner(auth)))
    const handler = door.optionalSession(async (request, { auth }) => {
      await outer(auth)
      return behind(request)
    }, outerRule)
    return ended(bridged(handler))
  },
}

/** A server of Node in front of a function from requests to answers. */
function bridged(handler: (request: Request) => Response | Promise<Response>): ReturnType<typeof createServer> {
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const headers = new Headers(incoming.headers as Record<string, string>)
    const answer = await handler(new Request(`http://127.0.0.1${incoming.url}`, { method: incoming.method ?? "GET", headers }))
    outgoing.setHeaders(answer.headers as never)
    outgoing.writeHead(answer.status).end(await answer.text())
  }
  return createServer((incoming, outgoing) => void serve(incoming, outgoing))
}

let watched: WatchedSessions
let auth: Auth
let heard: SessionEvent["type"][]
beforeEach(async () => {
  heard = []
  watched = await watchedSessions((event) => heard.push(event.type))
  auth = createAuthenticator({ sessions: watched.sessions, origin: ORIGIN })
})
afterEach(() => watched.close())

describe.each(Object.entries(FRAMEWORKS))("a request that goes through two doors of %s", (_name, start) => {
  interface Visited {
    readonly status: number
    readonly said: unknown
    /** Whose session the cookie opens. */
    readonly opens: string | null
    readonly jar: Browser["jar"]
  }

  const visit = async (doors: Doors, jar?: Browser["jar"]): Promise<Visited> => {
    const browser = new Browser(await start(auth, doors), jar)
    const { status, text } = await browser.post("/")
    const session = await watched.sessions.getSession(await browser.token(), { touch: false })
    return { status, said: text && JSON.parse(text), opens: session?.userId ?? null, jar: browser.jar }
  }
  const signIn =
    (userId: string): Act =>
    (auth) =>
      auth.signIn({ userId })
  const whoIsThere: Act = async (auth) => (await auth.session())?.userId ?? null
  const sessionsOf = async (userId: string): Promise<number> => (await watched.sessions.getUserSessions(userId)).sessions.length

  it("is signed in at the inner one by the outer one", async () => {
    expect(await visit({ outer: signIn("ada"), inner: whoIsThere, needs: {} })).toMatchObject({ status: 200, said: "ada", opens: "ada" })
    expect(await visit({ outer: signIn("ada"), inner: whoIsThere })).toMatchObject({ status: 200, said: "ada", opens: "ada" })
  })

  it("takes a guest's session with it, and leaves none behind without a cookie", async () => {
    const doors: Doors = {
      outer: (auth) => auth.startGuest({ cart: ["book"] }),
      inner: async (auth) => (await auth.signIn({ userId: "ada", attributes: (guest) => ({ cart: guest?.cart ?? [] }) })).attributes,
    }
    expect(await visit(doors)).toMatchObject({ status: 200, said: { cart: ["book"] }, opens: "ada" })
    expect(await visit({ outer: signIn("bob"), inner: signIn("eve") })).toMatchObject({ status: 200, opens: "eve" })
    expect([await sessionsOf("bob"), await sessionsOf("eve")]).toEqual([0, 1])
  })

  it("is signed out at the inner one of what the outer one opened", async () => {
    expect(await visit({ outer: signIn("ada"), inner: (auth) => auth.signOut() })).toMatchObject({ status: 200, said: 1, opens: null })
    expect(await sessionsOf("ada")).toBe(0)
  })

  it("has proved at the inner one what it proved at the outer one", async () => {
    const { jar } = await visit({ outer: signIn("ada"), inner: whoIsThere })
    watched.clock.advance("10m")
    expect(await visit({ outer: () => {}, inner: whoIsThere, needs: { maxAge: "5m" } }, jar)).toMatchObject({ status: 401 })
    expect(await visit({ outer: (auth) => auth.reauthenticated("ada"), inner: whoIsThere, needs: { maxAge: "5m" } }, jar)).toMatchObject({
      status: 200,
      said: "ada",
    })
    // Also where the request is activity at the inner one alone.
    watched.clock.advance("10m")
    const again = { outer: (auth: RequestAuth<Attributes>) => auth.reauthenticated("ada"), outerRule: { touch: false }, inner: whoIsThere, needs: {} }
    expect(await visit(again, jar)).toMatchObject({ status: 200, said: "ada", opens: "ada" })
    expect(heard).not.toContain("wrong-secret")
  })

  it("is read once, and once more where it is activity at the inner one alone", async () => {
    const { jar } = await visit({ outer: signIn("ada"), inner: whoIsThere })
    for (const [outerRule, reads] of [
      [undefined, 1],
      [{ touch: false }, 2],
    ] as const) {
      watched.calls.length = 0
      const doors: Doors = { outer: whoIsThere, inner: whoIsThere, needs: {} }
      await new Browser(await start(auth, outerRule ? { ...doors, outerRule } : doors), jar).post("/")
      expect(watched.calls.filter((name) => name === "getSession")).toHaveLength(reads)
    }
  })
})

it("two authenticators of one request know nothing of each other's sessions", async () => {
  const staff = createAuthenticator({ sessions: watched.sessions, origin: ORIGIN, cookie: { name: "staff" } })
  const inner = nodeDoor(staff).optionalSession(async (request, response) => {
    await request.auth.signIn({ userId: "root" })
    response.end()
  })
  const outer = nodeDoor(auth).optionalSession(async (request, response) => {
    await request.auth.signIn({ userId: "ada" })
    await inner(request, response)
  })
  const browser = new Browser(await ended(createServer((request, response) => void outer(request, response))))
  const { setCookies } = await browser.post("/")
  const users = setCookies.map(async (line) => [line.split("=")[0], (await watched.sessions.getSession(/=([^;]*)/.exec(line)?.[1]))?.userId])
  expect(await Promise.all(users)).toEqual([
    ["__Host-Http-sid", "ada"],
    ["__Host-Http-staff", "root"],
  ])
})
