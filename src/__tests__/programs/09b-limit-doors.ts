// Limits on the routes of four frameworks, whose own types of a request stay as they are.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { expressDoor } from "coatcheck/express"
import { fastifyDoor } from "coatcheck/fastify"
import { honoDoor } from "coatcheck/hono"
import { createRateLimitingService } from "coatcheck/rate-limit"
import express from "express"
import Fastify from "fastify"
import { Hono } from "hono"

const sessions = await createSessionService<{ t: string }>({ store: "memory:" })
const auth = createAuthenticator({ sessions, origin: "https://app.example" })
const limits = await createRateLimitingService({
  store: "memory:",
  rules: { api: { limit: 100, window: "1m" }, jobs: { algorithm: "concurrency", limit: 2, lease: "5m" } },
})
const e = expressDoor(auth)
express().get("/users/:id", e.guard(), e.rateLimit(limits, "api", "user"), (req, res) => {
  res.json(req.params.id satisfies string)
})
express()
  .use(e.rateLimit(limits, "api"))
  .get(
    "/t/:x",
    e.rateLimit(limits, "api", (req) => ({ key: req.path })),
    e.requireSession((req, res) => {
      res.json(req.session.userId)
    }),
  )
function whatDoesNotCompile(): void {
  // @ts-expect-error a concurrency rule hands out leases
  e.rateLimit(limits, "jobs")
  // @ts-expect-error no such rule
  e.rateLimit(limits, "apy")
}
whatDoesNotCompile satisfies unknown

const f = fastifyDoor(auth)
Fastify().get<{ Params: { id: string } }>("/users/:id", { preHandler: [f.guard(), f.rateLimit(limits, "api", "user")] }, async (request) => request.params.id)

const h = honoDoor(auth, { remoteAddress: () => "192.0.2.1" })
const app = new Hono()
  .use(h.rateLimit(limits, "api"))
  .get("/users/:id", h.requireSession(), h.rateLimit(limits, "api", "user"), (c) =>
    c.json([c.req.param("id") satisfies string, c.var.session.userId satisfies string]),
  )
const answer = await app.request("/users/7")
assert.equal(answer.status, 401)
assert.match(answer.headers.get("ratelimit") ?? "", /^"api";r=99;t=\d+$/)

await limits.close()
await sessions.close()
console.log("ok 09b-limit-doors")
