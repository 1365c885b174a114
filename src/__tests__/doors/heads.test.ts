import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, type ServerResponse } from "node:http"
import { connect, createServer as createHttp2Server } from "node:http2"
import type { AddressInfo } from "node:net"
import Fastify from "fastify"
import { Hono } from "hono"
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest"
import { type Authenticator, createAuthenticator } from "../../exports/auth.js"
import { fastifyDoor } from "../../exports/fastify.js"
import { honoDoor } from "../../exports/hono.js"
import { SessionError } from "../../exports/index.js"
import { nodeDoor } from "../../exports/node.js"
import { createRateLimitingService } from "../../exports/rate-limit.js"
import { webDoor } from "../../exports/web.js"
import { ORIGIN } from "./Browser.js"
import type { Attributes } from "./routes.js"
import { type WatchedSessions, watchedSessions } from "./watched-sessions.js"

const SESSION_COOKIE = expect.stringMatching(/^__Host-Http-sid=/)

let watched: WatchedSessions
let auth: Authenticator<Attributes>

beforeEach(async () => {
  watched = await watchedSessions()
  auth = createAuthenticator({ sessions: watched.sessions, origin: ORIGIN })
})
afterEach(() => watched.close())

async function answerOf(listener: RequestListener, more: Readonly<Record<string, string>> = {}): Promise<Response> {
  const server = createServer(listener).listen(0, "127.0.0.1")
  onTestFinished(() => void server.close())
  await new Promise((resolve) => {
    server.once("listening", resolve)
  })
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
    headers: { "sec-fetch-site": "none", connection: "close", ...more },
  })
  await answer.clone().text()
  return answer
}

describe("node:http", () => {
  const FORMS: Readonly<Record<string, (response: ServerResponse) => void>> = {
    "an object": (response) => response.writeHead(201, { "Set-Cookie": ["a=1", "b=2"], Vary: "Origin", "Cache-Control": "public", Age: 7 }),
    "an object after a message": (response) =>
      response.writeHead(201, "Made", { "Set-Cookie": ["a=1", "b=2"], Vary: "Origin", "Cache-Control": "public", Age: "7" }),
    "an object after no message": (response) =>
      response.writeHead(201, undefined, { "Set-Cookie": ["a=1", "b=2"], Vary: "Origin", "Cache-Control": "public", Age: "7" }),
    "a list": (response) =>
      response.writeHead(201, [
        "Set-Cookie",
        "a=1",
        "Set-Cookie",
        "b=2",
        "Vary",
        "Origin",
        "Cache-Control",
        "public",
        "Age",
        "7",
      ] as unknown as OutgoingHttpHeaders),
    "a list of pairs": (response) =>
      response.writeHead(201, [
        ["Set-Cookie", ["a=1", "b=2"]],
        ["Vary", "Origin"],
        ["Cache-Control", "public"],
        ["Age", "7"],
      ] as unknown as OutgoingHttpHeaders),
    "no writeHead": (response) => {
      response.statusCode = 201
      response.setHeaders(
        new Map<string, string | string[]>([
          ["Set-Cookie", ["a=1", "b=2"]],
          ["Vary", "Origin"],
          ["Cache-Control", "public"],
          ["Age", "7"],
        ]),
      )
    },
    flushHeaders: (response) => {
      response.statusCode = 201
      response.setHeaders(
        new Map<string, string | string[]>([
          ["Set-Cookie", ["a=1", "b=2"]],
          ["Vary", "Origin"],
          ["Cache-Control", "public"],
          ["Age", "7"],
        ]),
      )
      response.flushHeaders()
    },
  }

  it.each(Object.entries(FORMS))("completes a head that was written as %s", async (_form, write) => {
    const listener = nodeDoor(auth).optionalSession(async (request, response) => {
      response.setHeader("Age", "9")
      await request.auth.signIn({ userId: "ada" })
      write(response)
      response.end("done")
    })
    const { status, headers } = await answerOf((request, response) => void listener(request, response))
    expect(status).toBe(201)
    expect(headers.getSetCookie()).toEqual(["a=1", "b=2", SESSION_COOKIE])
    expect([headers.get("vary"), headers.get("cache-control"), headers.get("age")]).toEqual(["Origin, Cookie", "no-store", "7"])
  })

  it("completes the head once where other libraries stand before and behind writeHead, as compression does", async () => {
    const called: string[] = []
    const wrap = (response: ServerResponse, name: string): void => {
      const { writeHead } = response
      response.writeHead = (...given: unknown[]) => {
        called.push(name)
        response.setHeader("Vary", [String(response.getHeader("Vary") ?? []), name].filter(Boolean).join(", "))
        return Reflect.apply(writeHead, response, given) as ServerResponse
      }
    }
    const signIn = nodeDoor(auth).optionalSession(async (request, response) => {
      await request.auth.signIn({ userId: "ada" })
      wrap(response, "Accept-Encoding")
      response.end("done")
    })
    const { headers } = await answerOf((request, response) => {
      wrap(response, "Origin")
      void signIn(request, response)
    })
    expect(called).toEqual(["Accept-Encoding", "Origin"])
    expect([headers.get("vary"), headers.get("cache-control")]).toEqual(["Accept-Encoding, Cookie, Origin", "no-store"])
    expect(headers.getSetCookie()).toEqual([SESSION_COOKIE])
  })

  it("does not let an error's answer lose the cookie, or be kept by caches", async () => {
    const listener = nodeDoor(auth).optionalSession(async (request, response) => {
      response.setHeader("Cache-Control", "public")
      await request.auth.signIn({ userId: "ada" })
      for (const name of response.getHeaderNames()) response.removeHeader(name)
      response.writeHead(500).end()
    })
    const { headers } = await answerOf((request, response) => void listener(request, response))
    expect(headers.getSetCookie()).toEqual([SESSION_COOKIE])
    expect(headers.get("cache-control")).toBe("no-store")
  })

  it.each<[string, (response: ServerResponse) => void]>([
    ["header", (response) => response.writeHead(200, { "Set-Cookie": "a=1", Vary: "Origin", "X-Note": "a\nb" })],
    ["status", (response) => response.writeHead(99, { "Set-Cookie": "a=1", Vary: "Origin" })],
    ["status, though its headers go", (response) => response.writeHead(99, { "Set-Cookie": "c=3" })],
  ])("completes the answer to a head that could not be written: a bad %s", async (bad, write) => {
    const listener = nodeDoor(auth).optionalSession(async (request, response) => {
      await request.auth.signIn({ userId: "ada" })
      expect(() => write(response)).toThrow(/Invalid/)
      if (bad.endsWith("go")) for (const name of response.getHeaderNames()) response.removeHeader(name)
      // Signing in again between the two heads leaves one cookie.
      await request.auth.signIn({ userId: "grace" })
      response.writeHead(500, bad.endsWith("go") ? { "Set-Cookie": "a=1", Vary: "Origin" } : {}).end()
    })
    const { status, headers } = await answerOf((request, response) => void listener(request, response))
    expect([status, headers.get("cache-control"), headers.get("vary")]).toEqual([500, "no-store", "Origin, Cookie"])
    expect(headers.getSetCookie()).toEqual(["a=1", SESSION_COOKIE])
    const token = headers.getSetCookie()[1]?.replace(/^[^=]*=([^;]*).*/, "$1")
    expect((await watched.sessions.getSession(token))?.userId).toBe("grace")
  })

  it("rejects with what no answer is known for, and with what comes after the head", async () => {
    const door = nodeDoor(auth)
    const mistake = new Error("mistake")
    const caught: unknown[] = []
    const failing = door.optionalSession(() => Promise.reject(mistake))
    const late = door.optionalSession(async (request, response) => {
      response.flushHeaders()
      await request.auth.signIn({ userId: "ada" })
    })
    const catching =
      (listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>): RequestListener =>
      (request, response) =>
        void listener(request, response).catch((error: unknown) => {
          caught.push(error)
          response.end()
        })
    await answerOf(catching(failing))
    await answerOf(catching(late))
    expect(caught).toEqual([mistake, expect.objectContaining({ code: "ERR_ANSWER_SENT" })])
  })

  it.each(["a session that is missing", "a rate limit"])("leaves an answer as it is that something else gave before the refusal by %s", async (by) => {
    const door = nodeDoor(auth)
    const limits = await createRateLimitingService({ store: "memory:", rules: { api: { limit: 1, window: "1h" } } as const })
    onTestFinished(() => limits.close())
    await limits.checkRateLimit({ key: "all" }, "api")
    const limited = door.rateLimit(limits, "api", () => ({ key: "all" }))
    const needsSession = door.requireSession(() => expect.unreachable())
    const listener: typeof needsSession = by === "a rate limit" ? (request, response) => limited(request, response, () => expect.unreachable()) : needsSession
    const ended: unknown[] = []
    const answer = await answerOf((request, response) => {
      const listened = listener(request, response)
      // Before what it waits for is there, as a limit of time does.
      response.writeHead(503, { "Content-Type": "text/plain" }).end("too slow")
      listened.then(
        () => ended.push("without an error"),
        (error: unknown) => ended.push(error),
      )
    })
    expect([answer.status, answer.headers.get("content-type"), await answer.text()]).toEqual([503, "text/plain", "too slow"])
    await expect.poll(() => ended).toEqual(["without an error"])
  })

  it("shows nobody's session in an answer that caches may keep", async () => {
    const { token } = await watched.sessions.createSession({ userId: "ada" })
    const listener = nodeDoor(auth).optionalSession(async (request, response) => {
      response.setHeader("Cache-Control", "public, max-age=600")
      response.write("hello ")
      const found = await request.auth.session().catch((error: { readonly code: string }) => ({ userId: error.code }))
      response.end(String(found?.userId))
    })
    const answer = await answerOf((request, response) => void listener(request, response), { cookie: `__Host-Http-sid=${token}` })
    expect({ text: await answer.text(), cache: answer.headers.get("cache-control") }).toEqual({
      text: "hello ERR_ANSWER_SENT",
      cache: "public, max-age=600",
    })
  })

  it("gives one cookie where two doors stand one behind the other", async () => {
    const door = nodeDoor(auth)
    const inner = door.optionalSession(async (request, response) => {
      await request.auth.signIn({ userId: "grace" })
      response.end()
    })
    const outer = door.optionalSession(async (request, response) => {
      await request.auth.signIn({ userId: "ada" })
      await inner(request, response)
    })
    const { headers } = await answerOf((request, response) => void outer(request, response))
    expect(headers.getSetCookie()).toEqual([SESSION_COOKIE])
    const token = headers.getSetCookie()[0]?.replace(/^[^=]*=([^;]*).*/, "$1")
    expect((await watched.sessions.getSession(token))?.userId).toBe("grace")
  })

  it("serves HTTP/2 through its compatibility layer", async () => {
    const signIn = nodeDoor(auth).optionalSession(async (request, response) => {
      await request.auth.signIn({ userId: "ada" })
      response.writeHead(200, { vary: "origin" }).end("signed in")
    })
    const me = nodeDoor(auth).requireSession((request, response) => response.end(request.session.userId))
    const server = createHttp2Server((request, response) => {
      const listener = request.url === "/me" ? me : signIn
      void listener(request as unknown as IncomingMessage, response as unknown as ServerResponse)
    }).listen(0, "127.0.0.1")
    await new Promise((resolve) => {
      server.once("listening", resolve)
    })
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      client.destroy()
      server.close()
    })
    const ask = (headers: OutgoingHttpHeaders): Promise<{ readonly head: Record<string, unknown>; readonly text: string }> =>
      new Promise((resolve, reject) => {
        const stream = client.request(headers)
        let head: Record<string, unknown> = {}
        let text = ""
        stream.on("response", (received) => (head = received as Record<string, unknown>))
        stream.on("data", (chunk) => (text += String(chunk)))
        stream.on("end", () => resolve({ head, text }))
        stream.on("error", reject)
      })
    const signedIn = await ask({ ":path": "/sign-in", ":method": "POST", "sec-fetch-site": "same-origin" })
    expect(signedIn.head).toMatchObject({ ":status": 200, vary: "origin, Cookie", "cache-control": "no-store", "set-cookie": [SESSION_COOKIE] })
    const [cookie = ""] = String(signedIn.head["set-cookie"]).split(";")
    expect(await ask({ ":path": "/me", cookie: ["theme=light", cookie] })).toMatchObject({ head: { ":status": 200 }, text: "ada" })
    expect((await ask({ ":path": "/me", cookie: [cookie, cookie] })).head).toMatchObject({ ":status": 400 })
    expect((await ask({ ":path": "/me" })).head).toMatchObject({ ":status": 401, "content-type": "application/problem+json" })
  })
})

describe("Web responses", () => {
  const signInRequest = (): Request => new Request(`${ORIGIN}/sign-in`, { method: "POST", headers: { "sec-fetch-site": "same-origin" } })

  it("that a handler answers again and again never keep somebody's cookie", async () => {
    const constant = new Response(null, { status: 204 })
    const signIn = webDoor(auth).optionalSession(async (_request, context) => {
      await context.auth.signIn({ userId: "ada" })
      return constant
    })
    const app = new Hono().post("/sign-in", honoDoor(auth).optionalSession(), async (c) => {
      await c.var.auth.signIn({ userId: "ada" })
      return constant
    })
    for (const answer of [await signIn(signInRequest()), await signIn(signInRequest()), await app.fetch(signInRequest()), await app.fetch(signInRequest())]) {
      expect(answer.status).toBe(204)
      expect(answer.headers.getSetCookie()).toEqual([SESSION_COOKIE])
    }
    expect([...constant.headers]).toEqual([])
  })

  it("to what a handler behind a limit rejected with have the limit's headers", async () => {
    const limits = await createRateLimitingService({ store: "memory:", rules: { api: { limit: 5, window: "1m" } } })
    const { token } = await watched.sessions.createSession({ userId: "ada" })
    const door = webDoor(auth)
    const limited = door.rateLimit(limits, "api", "user")
    const handler = door.requireSession((request, { session }) =>
      limited(request, async () => {
        await watched.sessions.deleteUserSessions("ada")
        await session.update({ theme: "dark" })
        return new Response()
      }),
    )
    const answer = await handler(new Request(ORIGIN, { headers: { cookie: `__Host-Http-sid=${token}` } }))
    expect([answer.status, answer.headers.get("ratelimit")]).toEqual([401, expect.stringContaining("api")])
    await limits.close()
  })

  it("are sent when the handler has thrown: no cookie can be set any more, and no session is made", async () => {
    let late: Promise<unknown> = Promise.resolve()
    const handler = webDoor(auth).optionalSession((_request, context) => {
      late = new Promise((resolve) => setTimeout(resolve, 10)).then(() => context.auth.signIn({ userId: "eve" }))
      throw new Error("mistake")
    })
    await expect(handler(new Request(ORIGIN, { headers: { origin: ORIGIN } }))).rejects.toThrow("mistake")
    await expect(late).rejects.toMatchObject({ code: "ERR_ANSWER_SENT" })
    expect((await watched.sessions.getUserSessions("eve")).sessions).toEqual([])
  })

  it("may have headers that cannot be changed", async () => {
    const redirect = webDoor(auth).optionalSession(async (_request, context) => {
      await context.auth.signIn({ userId: "ada" })
      return Response.redirect(`${ORIGIN}/`, 303)
    })
    const { status, headers } = await redirect(signInRequest())
    expect({ status, location: headers.get("location"), cookies: headers.getSetCookie() }).toEqual({
      status: 303,
      location: `${ORIGIN}/`,
      cookies: [SESSION_COOKIE],
    })
  })

  it("are the handler's very own when nobody looked", async () => {
    const answer = new Response("open")
    expect(await webDoor(auth).optionalSession(() => answer)(new Request(ORIGIN))).toBe(answer)
  })

  it("hand on further arguments of the framework, and reject with what no answer is known for", async () => {
    const mistake = new Error("mistake")
    const handler = webDoor(auth).optionalSession((_request, _context, params: { readonly id: string }) => {
      if (params.id === "x") throw mistake
      return new Response(params.id)
    })
    expect(await (await handler(new Request(ORIGIN), { id: "7" })).text()).toBe("7")
    await expect(handler(new Request(ORIGIN), { id: "x" })).rejects.toBe(mistake)
  })

  it("keep the session's cookie and all others where a handler behind two doors of Hono met an error of this library", async () => {
    const door = honoDoor(auth)
    const app = new Hono().use(door.optionalSession())
    app.onError((_error, c) => c.text("a mistake", 500))
    app.post("/sign-in", door.optionalSession({ maxAge: "5m" }), async (c) => {
      c.header("Set-Cookie", "a=1", { append: true })
      c.header("Set-Cookie", "b=2", { append: true })
      await c.var.auth.signIn({ userId: "ada" })
      throw new SessionError("ERR_REAUTHENTICATION_NEEDED", "Expected a newer proof.")
    })
    const { status, headers } = await app.fetch(signInRequest())
    expect({ status, cookies: headers.getSetCookie(), cache: headers.get("cache-control"), vary: headers.get("vary") }).toEqual({
      status: 401,
      cookies: ["a=1", "b=2", SESSION_COOKIE],
      cache: "no-store",
      vary: "Cookie",
    })
    expect(headers.get("www-authenticate")).toMatch(/max_age="?300/)
  })

  it("have one cookie where one door stands inside another, also the next time", async () => {
    const [door, app, hono] = [webDoor(auth), new Hono(), honoDoor(auth)]
    const inner = door.optionalSession(async (_request, context) => {
      await context.auth.signIn({ userId: "grace" })
      return new Response("in", { headers: { "Set-Cookie": "a=1" } })
    })
    const outer = door.optionalSession(async (request, context) => {
      await context.auth.signIn({ userId: "ada" })
      return inner(request)
    })
    app.use(hono.optionalSession(), async (c, next) => {
      await c.var.auth.signIn({ userId: "ada" })
      await next()
    })
    app.post("/sign-in", hono.optionalSession(), async (c) => {
      await c.var.auth.signIn({ userId: "grace" })
      return c.text("in", 200, { "Set-Cookie": "a=1" })
    })
    const request = signInRequest()
    for (const answer of [await outer(request), await outer(request), await app.fetch(request), await app.fetch(request)]) {
      expect(answer.headers.getSetCookie()).toEqual(["a=1", SESSION_COOKIE])
      const token = answer.headers.getSetCookie()[1]?.replace(/^[^=]*=([^;]*).*/, "$1")
      expect((await watched.sessions.getSession(token))?.userId).toBe("grace")
    }
  })

  it("keep what other middleware of Hono has put into the head, also when a request is refused", async () => {
    const app = new Hono().use(async (c, next) => {
      c.header("Access-Control-Allow-Origin", ORIGIN)
      await next()
    })
    app.get("/me", honoDoor(auth).requireSession(), (c) => c.text(c.var.session.userId))
    const { status, headers } = await app.fetch(new Request(`${ORIGIN}/me`))
    expect({ status, cors: headers.get("access-control-allow-origin"), type: headers.get("content-type"), cache: headers.get("cache-control") }).toEqual({
      status: 401,
      cors: ORIGIN,
      type: "application/problem+json",
      cache: "no-store",
    })
  })
})

describe("Fastify", () => {
  it("does not go on to the handler of a guarded route while hooks are still at work on the refusal", async () => {
    const app = Fastify()
    let handled = 0
    app.addHook("onSend", async (_request, _reply, payload) => {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      return payload
    })
    app.get("/", { preHandler: fastifyDoor(auth).guard() }, async () => {
      handled += 1
      return "secret"
    })
    const { statusCode, body } = await app.inject("/")
    expect({ statusCode, handled, told: JSON.parse(body).code }).toEqual({ statusCode: 401, handled: 0, told: "ERR_NOT_AUTHENTICATED" })
    await app.close()
  })

  it("gives its own cookies and the session's, also without a socket", async () => {
    const app = Fastify()
    app.post(
      "/",
      fastifyDoor(auth).optionalSession(async (request, reply) => {
        await request.auth.signIn({ userId: "ada" })
        return reply.header("set-cookie", "a=1").header("set-cookie", "b=2").header("vary", "Origin").send({ done: true })
      }),
    )
    const { statusCode, headers } = await app.inject({ method: "POST", url: "/", headers: { "sec-fetch-site": "same-origin" } })
    expect({ statusCode, ...headers }).toMatchObject({
      statusCode: 200,
      "set-cookie": ["a=1", "b=2", SESSION_COOKIE],
      vary: "Origin, Cookie",
      "cache-control": "no-store",
    })
    await app.close()
  })
})

it("each door refuses a rule that is none at once, and a session that it did not let in", async () => {
  const { expressDoor } = await import("../../exports/express.js")
  const { koaDoor } = await import("../../exports/koa.js")
  const rule = { maxAge: "5" } as never
  type Make = { requireSession(handler: unknown, rule: unknown): unknown; optionalSession(handler: unknown, rule: unknown): unknown }
  const [express, fastify] = [expressDoor(auth), fastifyDoor(auth)]
  const wrapping = [express, fastify, nodeDoor(auth), webDoor(auth)] as unknown as Make[]
  const makes = [
    ...wrapping.flatMap((door) => [() => door.requireSession(() => {}, rule), () => door.optionalSession(() => {}, rule)]),
    ...[koaDoor(auth), honoDoor(auth)].flatMap((door) => [() => door.requireSession(rule), () => door.optionalSession(rule)]),
    () => express.guard(rule),
    () => fastify.guard(rule),
  ]
  for (const make of makes) expect(make).toThrow(/Expected maxAge/)
  expect(() => express.sessionOf({} as IncomingMessage)).toThrow(/Expected guard\(\) or requireSession\(\)/)
  expect(() => fastify.sessionOf({ raw: {} as IncomingMessage })).toThrow(/Expected guard\(\) or requireSession\(\)/)
})
