// Fastify: sign in, a profile, a list of devices, sign out everywhere.
import { fastifyDoor } from "coatcheck/fastify"
import fastify from "fastify"
import { findAccount } from "./accounts.mjs"
import { authenticator, port } from "./authenticator.mjs"

const { requireSession, optionalSession } = fastifyDoor(authenticator)
const app = fastify()

app.post(
  "/sign-in",
  optionalSession(async (request, reply) => {
    const account = await findAccount(request.body.user, request.body.password)
    if (account === null) return reply.code(401).send()
    await request.auth.signIn({ userId: account.id, remember: request.body.remember === true })
    return reply.code(204).send()
  }),
)

app.get(
  "/profile",
  requireSession((request) => ({ user: request.session.userId, theme: request.session.attributes.theme ?? "light" })),
)

app.put(
  "/profile/theme",
  requireSession(async (request) => {
    await request.session.update({ theme: String(request.body.theme) })
    return { theme: request.session.attributes.theme }
  }),
)

app.get(
  "/devices",
  requireSession((request) => request.auth.devices()),
)

app.delete(
  "/devices/:id",
  requireSession(async (request) => ({ ended: await request.auth.signOut({ sessionId: request.params.id }) })),
)

app.post(
  "/sign-out-everywhere",
  requireSession(async (request) => ({ ended: await request.auth.signOut("everywhere") })),
)

await app.listen({ port, host: "127.0.0.1" })
console.log(`http://localhost:${port}`)
