import type { RequestListener } from "node:http"
import { expressDoor } from "coatcheck/express"
import { createRateLimitingService } from "coatcheck/rate-limit"
import express, { type RequestHandler } from "express"
import { rateLimit } from "express-rate-limit"
import { RedisStore } from "rate-limit-redis"
import { createClient } from "redis"
import { authenticator } from "./applications.js"

/** More than a measurement asks. */
const LIMIT = 1_000_000

/** The same as the bare application, behind a limit by address that nobody reaches. */
export const LIMITING_APPLICATIONS: Readonly<Record<string, (url: string) => Promise<RequestListener>>> = {
  "express with coatcheck's rateLimit": async (url) => {
    const store = await createClient({ url }).connect()
    const limits = await createRateLimitingService({ store, rules: { api: { algorithm: "fixed-window", limit: LIMIT, window: "1h" } } })
    return applicationBehind(expressDoor(await authenticator(url)).rateLimit(limits, "api"))
  },
  "express with express-rate-limit and rate-limit-redis": async (url) => {
    const client = await createClient({ url }).connect()
    const store = new RedisStore({ sendCommand: (...command) => client.sendCommand(command) })
    return applicationBehind(rateLimit({ store, limit: LIMIT, windowMs: 3_600_000, standardHeaders: "draft-8", legacyHeaders: false }))
  },
}

function applicationBehind(limit: RequestHandler): RequestListener {
  const app = express()
  app.post("/sign-in/:name", (_request, response) => void response.json({}))
  app.get("/me", limit, (_request, response) => void response.json({ user: "ada" }))
  return app
}
