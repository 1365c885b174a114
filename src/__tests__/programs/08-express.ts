// Signing in and out, a profile, an area for administrators, behind Express.
import assert from "node:assert/strict"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { expressDoor } from "coatcheck/express"
import express from "express"
import { z } from "zod"

const schema = z.object({ theme: z.enum(["dark", "light"]).default("dark") })
const sessions = await createSessionService({ store: process.env.REDIS_URL ?? "memory:", keyPrefix: `program:${process.pid}:`, schema })
const { requireSession, optionalSession, guard, sessionOf, answerErrors } = expressDoor(createAuthenticator({ sessions, origin: "https://app.example" }))

const app = express().use(express.json())
app.post(
  "/login",
  optionalSession(async (req, res) => {
    await req.auth.signIn({ userId: req.body.user, remember: true })
    res.sendStatus(204)
  }),
)
app.get(
  "/me",
  requireSession((req, res) => {
    res.json({ user: req.session.userId, theme: req.session.attributes.theme satisfies "dark" | "light" })
  }),
)
app.put(
  "/theme",
  requireSession(async (req, res) => {
    await req.session.update({ theme: req.body.theme })
    res.json(req.session)
  }),
)
app.post(
  "/logout",
  requireSession(async (req, res) => {
    await req.auth.signOut()
    res.sendStatus(204)
  }),
)
const admin = express.Router().use(guard({ maxAge: "5m" }))
admin.get("/users/:id", (req, res) => {
  res.json({ id: req.params.id satisfies string, by: sessionOf(req).userId satisfies string })
})
app.use("/admin", admin)
app.get("/things/:id", guard(), (req, res) => {
  // @ts-expect-error the path has no such part
  void req.params.name
  res.json({ id: req.params.id satisfies string, by: sessionOf(req).userId })
})
app.get(
  "/x",
  requireSession((req, res) => {
    // @ts-expect-error no such attribute
    void req.session.attributes.thme
    // @ts-expect-error never changes
    req.session.userId = "x"
    res.end()
  }),
)
app.use(answerErrors())

const server = app.listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
let cookie = ""
const ask = async (method: string, path: string, body?: object) => {
  const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie }
  const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const [given] = answer.headers.getSetCookie()
  if (given !== undefined) cookie = given.split(";")[0] ?? ""
  return answer
}
assert.equal((await ask("GET", "/me")).status, 401)
assert.equal((await ask("POST", "/login", { user: "grace" })).status, 204)
assert.deepEqual(await (await ask("GET", "/me")).json(), { user: "grace", theme: "dark" })
const changed = (await (await ask("PUT", "/theme", { theme: "light" })).json()) as { readonly attributes: object }
assert.deepEqual(changed.attributes, { theme: "light" })
assert.equal((await ask("PUT", "/theme", { theme: "pink" })).status, 400)
assert.deepEqual(await (await ask("GET", "/admin/users/7")).json(), { id: "7", by: "grace" })
assert.deepEqual(await (await ask("GET", "/things/9")).json(), { id: "9", by: "grace" })
assert.equal((await ask("POST", "/logout")).status, 204)
assert.equal((await ask("GET", "/things/9")).status, 401)
server.close()
await sessions.close()
console.log("ok 08-express")
