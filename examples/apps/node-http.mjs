// Plain node:http: sign in, a profile, a list of devices, sign out everywhere.
import { createServer } from "node:http"
import { json } from "node:stream/consumers"
import { nodeDoor } from "coatcheck/node"
import { findAccount } from "./accounts.mjs"
import { authenticator, port } from "./authenticator.mjs"

const { requireSession, optionalSession } = nodeDoor(authenticator)

const send = (res, body) => res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))

const routes = {
  "POST /sign-in": optionalSession(async (req, res) => {
    const { user, password, remember } = await json(req)
    const account = await findAccount(user, password)
    if (account === null) return res.writeHead(401).end()
    await req.auth.signIn({ userId: account.id, remember: remember === true })
    return res.writeHead(204).end()
  }),
  "GET /profile": requireSession((req, res) => send(res, { user: req.session.userId, theme: req.session.attributes.theme ?? "light" })),
  "PUT /profile/theme": requireSession(async (req, res) => {
    await req.session.update({ theme: String((await json(req)).theme) })
    send(res, { theme: req.session.attributes.theme })
  }),
  "GET /devices": requireSession(async (req, res) => send(res, await req.auth.devices())),
  "DELETE /devices": requireSession(async (req, res) => send(res, { ended: await req.auth.signOut({ sessionId: req.url.split("/")[2] }) })),
  "POST /sign-out-everywhere": requireSession(async (req, res) => send(res, { ended: await req.auth.signOut("everywhere") })),
}

const server = createServer((req, res) => {
  const route = routes[`${req.method} ${req.url}`] ?? (req.url.startsWith("/devices/") ? routes[`${req.method} /devices`] : undefined)
  if (route === undefined) return res.writeHead(404).end()
  // What a handler throws and the door does not answer, such as a body that is no JSON, would end the process.
  return route(req, res).catch(() => (res.headersSent ? res.destroy() : res.writeHead(400).end()))
})
server.listen(port, "127.0.0.1", () => console.log(`http://localhost:${port}`))
