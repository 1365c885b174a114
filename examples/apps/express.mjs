// Express: sign in, a profile, a list of devices, sign out everywhere.
import { expressDoor } from "coatcheck/express"
import express from "express"
import { findAccount } from "./accounts.mjs"
import { authenticator, port } from "./authenticator.mjs"

const { requireSession, optionalSession } = expressDoor(authenticator)
const app = express().use(express.json())

app.post(
  "/sign-in",
  optionalSession(async (req, res) => {
    const account = await findAccount(req.body.user, req.body.password)
    if (account === null) return res.sendStatus(401)
    await req.auth.signIn({ userId: account.id, remember: req.body.remember === true })
    return res.sendStatus(204)
  }),
)

app.get(
  "/profile",
  requireSession((req, res) => res.json({ user: req.session.userId, theme: req.session.attributes.theme ?? "light" })),
)

app.put(
  "/profile/theme",
  requireSession(async (req, res) => {
    await req.session.update({ theme: String(req.body.theme) })
    res.json({ theme: req.session.attributes.theme })
  }),
)

app.get(
  "/devices",
  requireSession(async (req, res) => res.json(await req.auth.devices())),
)

app.delete(
  "/devices/:id",
  requireSession(async (req, res) => res.json({ ended: await req.auth.signOut({ sessionId: req.params.id }) })),
)

app.post(
  "/sign-out-everywhere",
  requireSession(async (req, res) => res.json({ ended: await req.auth.signOut("everywhere") })),
)

app.listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}`))
