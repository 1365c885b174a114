// Sign-ins that are protected, work that is limited, and an API with a quota, on Express.
import assert from "node:assert/strict"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { expressDoor } from "coatcheck/express"
import { createLoginProtection, createRateLimitingService } from "coatcheck/rate-limit"
import express from "express"

async function verifyPassword(email: string, password: string): Promise<{ id: string } | null> {
  return email === "ada@example.org" && password === "correct" ? { id: "ada" } : null
}

const store = process.env["REDIS_URL"] ?? "memory:"
const keyPrefix = `09:${process.pid}:`
const sessions = await createSessionService({ store, keyPrefix })
const logins = await createLoginProtection({ store, keyPrefix })
const limits = await createRateLimitingService({
  store,
  keyPrefix,
  rules: {
    api: { limit: 100, window: "1m", burst: 20 },
    otp: { algorithm: "sliding-log", limit: 5, window: "15m", onOutage: "closed" },
    exports: { algorithm: "concurrency", limit: 2, lease: "5m" },
  },
})
const door = expressDoor(createAuthenticator({ sessions, origin: "https://app.example" }))
const app = express().use(express.json())
app.post(
  "/login",
  door.optionalSession(async (req, res) => {
    const { email, password } = req.body
    const login = await logins.attempt({ account: email, address: req.ip }, () => verifyPassword(email, password))
    if (!login.allowed)
      return res
        .status(login.reason === "unavailable" ? 503 : 429)
        .set("Retry-After", String(login.retryAfter))
        .end()
    if (!login.user) return res.sendStatus(401)
    await req.auth.signIn({ userId: login.user.id })
    return res.sendStatus(204)
  }),
)
app.post(
  "/export",
  door.requireSession(async (req, res) => {
    const lease = await limits.acquireLease({ userId: req.session.userId }, "exports")
    if (!lease.allowed) return res.set("Retry-After", String(lease.retryAfter)).sendStatus(429)
    try {
      await held
      return res.send("…")
    } finally {
      await lease.release()
    }
  }),
)

let letGo: () => void = () => undefined
const held = new Promise<void>((resolve) => {
  letGo = resolve
})
const server = app.listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const send = (path: string, body: object, cookie = "") =>
  fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie } })

const signedIn = await send("/login", { email: "ada@example.org", password: "correct" })
assert.equal(signedIn.status, 204)
const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? ""
const statuses: number[] = []
for (let tries = 0; tries < 6; tries += 1) statuses.push((await send("/login", { email: "Ada@Example.ORG", password: `guess ${tries}` })).status)
assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429])
assert.ok(Number((await send("/login", { email: "ada@example.org", password: "correct" })).headers.get("retry-after")) > 0)

const three = [1, 2, 3].map(() => send("/export", {}, cookie))
assert.equal((await Promise.race(three)).status, 429)
letGo()
assert.deepEqual(
  (await Promise.all(three)).map(({ status }) => status).sort((a, b) => a - b),
  [200, 200, 429],
)

const seen = await limits.checkRateLimit({ address: "203.0.113.7" }, "api", { cost: 2 })
assert.equal(seen.allowed ? seen.remaining : seen.retryAfter, 18)
const both = await limits.checkRateLimits([
  { subject: { address: "::1" }, rule: "api" },
  { subject: { userId: "u" }, rule: "otp" },
])
both.rule satisfies "api" | "otp"

async function whatDoesNotCompile(): Promise<void> {
  // @ts-expect-error no such rule
  await limits.checkRateLimit({ userId: "u" }, "apy")
  // @ts-expect-error a concurrency rule hands out leases
  await limits.checkRateLimit({ userId: "u" }, "exports")
  // @ts-expect-error a rule that counts hands out none
  await limits.acquireLease({ userId: "u" }, "api")
  // @ts-expect-error bare strings are ambiguous
  await limits.checkRateLimit("203.0.113.7", "api")
  // @ts-expect-error no length of a lease
  await createRateLimitingService({ store, rules: { a: { algorithm: "concurrency", limit: 2 } } })
}
whatDoesNotCompile satisfies unknown

server.close()
server.closeAllConnections()
for (const service of [logins, limits, sessions]) await service.close()
console.log("ok 09-login-limit")
