// Koa: sign in, a profile, a list of devices, sign out everywhere.
import { json } from "node:stream/consumers"
import { koaDoor } from "coatcheck/koa"
import Koa from "koa"
import { findAccount } from "./accounts.mjs"
import { authenticator, port } from "./authenticator.mjs"

const { requireSession, optionalSession } = koaDoor(authenticator)

// Most applications take a router from npm; this one chooses by method and path.
const route = (method, path, door, handler) => (ctx, next) => {
  const found = ctx.method === method ? new RegExp(`^${path}$`).exec(ctx.path) : null
  return found === null ? next() : door(ctx, () => handler(ctx, found[1]))
}

const app = new Koa()

app.use(
  route("POST", "/sign-in", optionalSession(), async (ctx) => {
    const { user, password, remember } = await json(ctx.req)
    const account = await findAccount(user, password)
    ctx.status = account === null ? 401 : 204
    if (account !== null) await ctx.state.auth.signIn({ userId: account.id, remember: remember === true })
  }),
)

app.use(
  route("GET", "/profile", requireSession(), (ctx) => {
    const { session } = ctx.state
    ctx.body = { user: session.userId, theme: session.attributes.theme ?? "light" }
  }),
)

app.use(
  route("PUT", "/profile/theme", requireSession(), async (ctx) => {
    const { session } = ctx.state
    await session.update({ theme: String((await json(ctx.req)).theme) })
    ctx.body = { theme: session.attributes.theme }
  }),
)

app.use(
  route("GET", "/devices", requireSession(), async (ctx) => {
    ctx.body = await ctx.state.auth.devices()
  }),
)

app.use(
  route("DELETE", "/devices/([^/]+)", requireSession(), async (ctx, sessionId) => {
    ctx.body = { ended: await ctx.state.auth.signOut({ sessionId }) }
  }),
)

app.use(
  route("POST", "/sign-out-everywhere", requireSession(), async (ctx) => {
    ctx.body = { ended: await ctx.state.auth.signOut("everywhere") }
  }),
)

app.listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}`))
