import { createServer, type RequestListener } from "node:http"
import { createRequire } from "node:module"
import { dirname } from "node:path"
import express5, { type ErrorRequestHandler, type RequestHandler } from "express"
import { describe, expect, it, onTestFinished } from "vitest"
import { createAuthenticator } from "../../exports/auth.js"
import { expressDoor } from "../../exports/express.js"
import { createSessionService } from "../../exports/index.js"
import { createRateLimitingService } from "../../exports/rate-limit.js"
import { ORIGIN } from "./Browser.js"
import { listening } from "./servers/server.js"

const require = createRequire(import.meta.url)
const express4 = require("express4") as typeof express5
/** Express takes each for a wish to go on. */
const NO_ERRORS = [undefined, null, false, 0, "", "route", "router"]
const COOKIE = `__Host-Http-sid=${"A".repeat(43)}`

describe.each([
  ["Express 5", express5],
  ["Express 4", express4],
])("%s", (_name, express) => {
  /** Asks for a page behind these handlers. */
  const answerOf = async (...handlers: RequestHandler[]): Promise<string> => {
    const app = express()
    for (const handler of handlers) app.use(handler)
    app.get("/", (_request, response) => void response.send("let in"))
    const onError: ErrorRequestHandler = (error, _request, response, _next) => void response.status(500).send(String(error))
    app.use(onError)
    const server = await listening(createServer(app), [])
    onTestFinished(() => server.close())
    const answer = await fetch(server.url, { headers: { cookie: COOKIE } })
    return `${answer.status} ${await answer.text()}`
  }

  it.each(NO_ERRORS)("lets nobody in where something rejects with %j", async (reason) => {
    const real = await createSessionService({ store: "memory:" })
    onTestFinished(() => real.close())
    const reject = (): Promise<never> => Promise.reject(reason)
    const sessions = new Proxy(real, { get: (target, name) => (name === "getSession" ? reject : Reflect.get(target, name, target)) })
    const door = expressDoor(createAuthenticator({ sessions, origin: ORIGIN }))
    const limits = { rules: { api: { limit: 1, window: "1m" } } as const, checkRateLimit: reject }
    const refused = expect.stringMatching(/^500 Error: Expected a rejection with an error/)
    expect(await answerOf(door.guard() as RequestHandler)).toEqual(refused)
    expect(await answerOf(door.requireSession((_request, _response, next) => next()))).toEqual(refused)
    expect(await answerOf(door.optionalSession(reject))).toEqual(refused)
    expect(await answerOf(door.rateLimit(limits, "api") as RequestHandler)).toEqual(refused)
  })

  it("goes on where a handler itself wants to", async () => {
    const sessions = await createSessionService({ store: "memory:" })
    onTestFinished(() => sessions.close())
    const door = expressDoor(createAuthenticator({ sessions, origin: ORIGIN }))
    expect(await answerOf(door.optionalSession((_request, _response, next) => next()))).toBe("200 let in")
    expect(await answerOf(door.optionalSession((_request, _response, next) => next("route")))).toBe("200 let in")
    expect(await answerOf(door.optionalSession((_request, _response, next) => next(new Error("mistake"))))).toBe("500 Error: mistake")
  })

  it("leaves an answer to a limit of time that was faster than the refusal, and tells no error handler of it", async () => {
    const real = await createSessionService({ store: "memory:" })
    onTestFinished(() => real.close())
    const waiting: (() => void)[] = []
    const slow = async <T>(answer: T): Promise<T> => {
      await new Promise<void>((resolve) => waiting.push(resolve))
      return answer
    }
    const sessions = new Proxy(real, { get: (target, name) => (name === "getSession" ? () => slow(null) : Reflect.get(target, name, target)) })
    const door = expressDoor(createAuthenticator({ sessions, origin: ORIGIN }))
    const limits = await createRateLimitingService({ store: "memory:", rules: { api: { limit: 1, window: "1h" } } as const })
    onTestFinished(() => limits.close())
    await limits.checkRateLimit({ key: "all" }, "api")
    const slowLimits = { rules: limits.rules, checkRateLimit: async () => slow((await limits.checkRateLimit({ key: "all" }, "api")) as never) }
    const app = express().set("env", "test")
    app.use("/too-late", (_request, response, next) => {
      next()
      response.status(503).send("too slow")
    })
    const letIn: RequestHandler = (_request, response) => void response.send("let in")
    for (const time of ["/in-time", "/too-late"]) {
      app.get(`${time}/guard`, door.guard(), letIn)
      app.get(`${time}/session`, door.requireSession(letIn as never))
      app.get(`${time}/limit`, door.rateLimit(slowLimits, "api"), letIn)
    }
    const errors: unknown[] = []
    const onError: ErrorRequestHandler = (error, _request, response, _next) => {
      errors.push(error)
      response.end()
    }
    app.use(onError)
    const server = await listening(createServer(app), [])
    onTestFinished(() => server.close())
    const ask = (path: string) => fetch(server.url + path, { headers: { cookie: COOKIE } })
    for (const [path, status] of [
      ["/guard", 401],
      ["/session", 401],
      ["/limit", 429],
    ] as const) {
      const late = await ask(`/too-late${path}`)
      expect([late.status, await late.text()]).toEqual([503, "too slow"])
      await expect.poll(() => waiting.length).toBe(1)
      waiting.pop()?.()
      // Its refusal comes after that of the other, so all is over by then.
      const refused = ask(`/in-time${path}`)
      await expect.poll(() => waiting.length).toBe(1)
      waiting.pop()?.()
      expect((await refused).status).toBe(status)
    }
    expect(errors).toEqual([])
  })

  describe("what a request and its answer are given", () => {
    /** A copy of Express whose prototypes nobody has touched. */
    const untouched = (): typeof express5 => {
      const entry = require.resolve(express === express4 ? "express4" : "express")
      for (const file of Object.keys(require.cache)) if (file.startsWith(dirname(entry))) delete require.cache[file]
      return require(entry) as typeof express5
    }

    const signedIn = async () => {
      const sessions = await createSessionService({ store: "memory:" })
      onTestFinished(() => sessions.close())
      const { token } = await sessions.createSession({ userId: "ada" })
      const door = expressDoor(createAuthenticator({ sessions, origin: ORIGIN }))
      const ask = async (app: RequestListener, headers = { cookie: `__Host-Http-sid=${token}` }): Promise<Response> => {
        const server = await listening(createServer(app), [])
        onTestFinished(() => server.close())
        return fetch(server.url, { headers })
      }
      return { door, ask }
    }

    const tells: RequestHandler = (request, response) => {
      const { session, auth } = request as unknown as { session?: { userId?: string }; auth?: object }
      response.json({
        user: session?.userId ?? null,
        auth: typeof auth?.constructor,
        own: ["session", "auth"].filter((name) => Object.hasOwn(request, name)),
        writeHead: Object.hasOwn(response, "writeHead"),
      })
    }
    const SEEN = { user: "ada", auth: "function", own: [], writeHead: false }

    it("lies on the prototypes that all applications share", async () => {
      const { door, ask } = await signedIn()
      const app = untouched()()
      app.get("/", door.requireSession(tells as never))
      const answer = await ask(app)
      expect(await answer.json()).toEqual(SEEN)
      expect(answer.headers.get("cache-control")).toMatch(/no-store/)
      const other = await (await ask(app, { cookie: "" })).json()
      expect(other).toMatchObject({ status: 401 })
    })

    it("is seen after a mounted application, too", async () => {
      const { door, ask } = await signedIn()
      const made = untouched()
      const inner = made()
      inner.use(door.requireSession((_request, _response, next) => next()))
      const app = made()
      app.use(inner)
      app.get("/", tells)
      expect(await (await ask(app)).json()).toEqual(SEEN)
    })

    it("is seen where somebody else's stands in its place", async () => {
      const { door, ask } = await signedIn()
      const onEach = untouched()()
      onEach.use((request, _response, next) => {
        Object.assign(request, { auth: null, session: undefined })
        next()
      })
      onEach.get("/", door.requireSession(tells as never))
      const inBetween = untouched()()
      Object.defineProperty(inBetween.request, "session", { value: { userId: "somebody else" } })
      inBetween.get("/", door.requireSession(tells as never))
      const sealed = untouched()
      Object.freeze(sealed.request)
      Object.freeze(sealed.response)
      const frozen = sealed()
      frozen.get("/", door.requireSession(tells as never))
      for (const [app, own] of [
        [onEach, ["session", "auth"]],
        [inBetween, ["session"]],
        [frozen, ["session", "auth"]],
      ] as const) {
        const answer = await ask(app)
        expect(await answer.json()).toMatchObject({ ...SEEN, own, writeHead: app === frozen })
        expect(answer.headers.get("cache-control")).toMatch(/no-store/)
      }
    })

    it("is refused where somebody else's session is one request's own, whatever that does", async () => {
      const { door, ask } = await signedIn()
      const get = (): never => {
        throw new Error("Expected nobody to call this")
      }
      for (const there of [{ get }, { value: { userId: "somebody else" } }]) {
        const app = untouched()()
        app.use((request, _response, next) => {
          Object.defineProperty(request, "session", { ...there, configurable: true })
          next()
        })
        app.get("/", door.requireSession(tells as never))
        const onError: ErrorRequestHandler = (error, request, response, _next) => {
          const { value } = Object.getOwnPropertyDescriptor(request, "session") ?? {}
          response.status(500).json({ code: error.code, user: value?.userId ?? null })
        }
        app.use(onError)
        const answer = await ask(app)
        expect(await answer.json()).toEqual({ code: "ERR_CONFIG_INVALID", user: "value" in there ? "somebody else" : null })
      }
    })

    it("leaves the names to others on requests that came in another way", async () => {
      const { door, ask } = await signedIn()
      const app = untouched()()
      app.get("/", (request, response, next) => {
        if (request.headers.cookie === undefined) return next()
        return door.requireSession(tells as never)(request, response, next)
      })
      app.get("/", (request, response) => {
        const before = (request as { session?: unknown }).session
        Object.assign(request, { session: "mine" })
        response.json({ before: String(before), after: (request as { session?: unknown }).session, keys: Object.keys(request).includes("session") })
      })
      expect(await (await ask(app)).json()).toEqual(SEEN)
      expect(await (await ask(app, {} as never)).json()).toEqual({ before: "undefined", after: "mine", keys: true })
    })

    it.each(["before", "after"])("completes the head where another library put itself in %s", async (when) => {
      const { door, ask } = await signedIn()
      const app = untouched()()
      const heads: unknown[] = []
      const put: RequestHandler = (_request, response, next) => {
        const { writeHead } = response
        response.writeHead = function (this: typeof response, ...args: [number]) {
          heads.push(this.getHeader("cache-control") ?? null)
          return writeHead.apply(this, args)
        } as typeof writeHead
        next()
      }
      const enter = door.guard() as RequestHandler
      for (const handler of when === "before" ? [put, enter] : [enter, put]) app.use(handler)
      app.get("/", (_request, response) => void response.set("Cache-Control", "public").send("hello"))
      const answer = await ask(app)
      expect(await answer.text()).toBe("hello")
      expect(answer.headers.get("cache-control")).toMatch(/no-store/)
      expect(heads).toHaveLength(1)
    })
  })
})
