// The same behind Hono.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { honoDoor } from "coatcheck/hono"
import { Hono } from "hono"
import { z } from "zod"

const schema = z.object({ theme: z.enum(["dark", "light"]).default("dark") })
const sessions = await createSessionService({ store: process.env.REDIS_URL ?? "memory:", keyPrefix: `program:${process.pid}:`, schema })
const { requireSession, optionalSession } = honoDoor(createAuthenticator({ sessions, origin: "https://app.example" }))

const app = new Hono()
  .post("/login", optionalSession(), async (c) => {
    const { user } = await c.req.json<{ user: string }>()
    await c.var.auth.signIn({ userId: user })
    return c.body(null, 204)
  })
  .get("/me", requireSession(), (c) => c.json({ user: c.var.session.userId, theme: c.var.session.attributes.theme satisfies "dark" | "light" }))
  .put("/theme", requireSession(), async (c) => {
    await c.var.session.update({ theme: "light" })
    return c.json(c.var.session.attributes)
  })
  .get("/users/:id", requireSession({ maxAge: "5m" }), (c) => c.json({ id: c.req.param("id") satisfies string, by: c.var.session.userId satisfies string }))
  .get("/x", optionalSession(), (c) => {
    // @ts-expect-error there may be none: ask c.var.auth
    void c.var.session
    return c.body(null)
  })
  .get("/y", requireSession(), (c) => {
    // @ts-expect-error no such attribute
    void c.var.session.attributes.thme
    return c.body(null)
  })

let cookie = ""
const ask = async (method: string, path: string, body?: object) => {
  const answer = await app.request(path, { method, headers: { cookie, "sec-fetch-site": "same-origin" }, ...(body && { body: JSON.stringify(body) }) })
  const [given] = answer.headers.getSetCookie()
  if (given !== undefined) cookie = given.split(";")[0] ?? ""
  return answer
}
assert.equal((await ask("GET", "/me")).status, 401)
assert.equal((await ask("POST", "/login", { user: "grace" })).status, 204)
assert.deepEqual(await (await ask("GET", "/me")).json(), { user: "grace", theme: "dark" })
assert.deepEqual(await (await ask("PUT", "/theme")).json(), { theme: "light" })
assert.deepEqual(await (await ask("GET", "/users/7")).json(), { id: "7", by: "grace" })
await sessions.close()
console.log("ok 08c-hono")
