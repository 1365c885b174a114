// The same behind Fastify.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { fastifyDoor } from "coatcheck/fastify"
import Fastify from "fastify"
import { z } from "zod"

const schema = z.object({ theme: z.enum(["dark", "light"]).default("dark") })
const sessions = await createSessionService({ store: process.env.REDIS_URL ?? "memory:", keyPrefix: `program:${process.pid}:`, schema })
const { requireSession, optionalSession, guard, sessionOf, answerError } = fastifyDoor(createAuthenticator({ sessions, origin: "https://app.example" }))

const app = Fastify()
app.setErrorHandler(answerError)
app.post<{ Body: { user: string } }>(
  "/login",
  optionalSession(async (request, reply) => {
    await request.auth.signIn({ userId: request.body.user })
    return reply.code(204).send()
  }),
)
app.get(
  "/me",
  requireSession(async (request) => ({ user: request.session.userId, theme: request.session.attributes.theme satisfies "dark" | "light" })),
)
app.put<{ Body: { theme: "dark" | "light" } }>(
  "/theme",
  requireSession(async (request) => {
    await request.session.update({ theme: request.body.theme })
    return request.session
  }),
)
app.get<{ Params: { id: string } }>(
  "/users/:id",
  requireSession(async (request) => ({ id: request.params.id satisfies string, by: request.session.userId satisfies string }), { maxAge: "5m" }),
)
app.register(async (admin) => {
  admin.addHook("preHandler", guard())
  admin.get("/admin", async (request) => ({ by: sessionOf(request).userId satisfies string }))
})
app.get(
  "/x",
  requireSession(async (request) => {
    // @ts-expect-error no such attribute
    void request.session.attributes.thme
    // @ts-expect-error never changes
    request.session.userId = "x"
  }),
)

let cookie = ""
const ask = async (method: "GET" | "POST" | "PUT", url: string, payload?: object) => {
  const answer = await app.inject({ method, url, headers: { cookie, "sec-fetch-site": "same-origin" }, ...(payload && { payload }) })
  const [given] = [answer.headers["set-cookie"] ?? []].flat()
  if (given !== undefined) cookie = given.split(";")[0] ?? ""
  return answer
}
assert.equal((await ask("GET", "/me")).statusCode, 401)
assert.equal((await ask("GET", "/admin")).statusCode, 401)
assert.equal((await ask("POST", "/login", { user: "grace" })).statusCode, 204)
assert.deepEqual((await ask("GET", "/me")).json(), { user: "grace", theme: "dark" })
assert.deepEqual((await ask("PUT", "/theme", { theme: "light" })).json().attributes, { theme: "light" })
assert.deepEqual((await ask("GET", "/users/7")).json(), { id: "7", by: "grace" })
assert.deepEqual((await ask("GET", "/admin")).json(), { by: "grace" })
await app.close()
await sessions.close()
console.log("ok 08b-fastify")
