// Hono: sign in, a profile, a list of devices, sign out everywhere.
import { serve } from "@hono/node-server"
import { honoDoor } from "coatcheck/hono"
import { Hono } from "hono"
import { findAccount } from "./accounts.mjs"
import { authenticator, port } from "./authenticator.mjs"

const { requireSession, optionalSession } = honoDoor(authenticator)
const app = new Hono()

app.post("/sign-in", optionalSession(), async (c) => {
  const { user, password, remember } = await c.req.json()
  const account = await findAccount(user, password)
  if (account === null) return c.body(null, 401)
  await c.var.auth.signIn({ userId: account.id, remember: remember === true })
  return c.body(null, 204)
})

app.get("/profile", requireSession(), (c) => c.json({ user: c.var.session.userId, theme: c.var.session.attributes.theme ?? "light" }))

app.put("/profile/theme", requireSession(), async (c) => {
  await c.var.session.update({ theme: String((await c.req.json()).theme) })
  return c.json({ theme: c.var.session.attributes.theme })
})

app.get("/devices", requireSession(), async (c) => c.json(await c.var.auth.devices()))

app.delete("/devices/:id", requireSession(), async (c) => c.json({ ended: await c.var.auth.signOut({ sessionId: c.req.param("id") }) }))

app.post("/sign-out-everywhere", requireSession(), async (c) => c.json({ ended: await c.var.auth.signOut("everywhere") }))

serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => console.log(`http://localhost:${port}`))
