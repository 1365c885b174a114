import { createServer } from "node:http"
import { createRequire } from "node:module"
import express5, { type ErrorRequestHandler, type RequestHandler } from "express"
import { describe, expect, it, onTestFinished } from "vitest"
import { createAuthenticator } from "../../exports/auth.js"
import { expressDoor } from "../../exports/express.js"
import { createSessionService } from "../../exports/index.js"
import { ORIGIN } from "./Browser.js"
import { listening } from "./servers/server.js"

const express4 = createRequire(import.meta.url)("express4") as typeof express5
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
})
