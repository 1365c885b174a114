// A guest with a cart who signs in, behind Express.
import assert from "node:assert/strict"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { expressDoor } from "coatcheck/express"
import express from "express"
import { z } from "zod"

const schema = z.object({ email: z.string().optional(), cart: z.array(z.string()).default([]) })
const sessions = await createSessionService({ store: "memory:", schema })
const door = expressDoor(createAuthenticator({ sessions, origin: "https://shop.example" }))

const app = express().use(express.json())
app.post(
  "/cart",
  door.optionalSession(async (req, res) => {
    const session = (await req.auth.session()) ?? (await req.auth.startGuest({}))
    await session.update((own) => ({ ...own, cart: [...own.cart, String(req.body.item)] }))
    res.json(session.attributes.cart satisfies readonly string[])
  }),
)
app.post(
  "/login",
  door.optionalSession(async (req, res) => {
    const user = req.body.password === "correct" ? { id: "grace", email: String(req.body.email) } : null
    if (!user) return res.sendStatus(401)
    await req.auth.signIn({ userId: user.id, attributes: (guest) => ({ email: user.email, cart: guest?.cart ?? [] }) })
    return res.sendStatus(204)
  }),
)
app.get(
  "/me",
  door.requireSession((req, res) => {
    // @ts-expect-error no such attribute
    void req.session.attributes.emial
    res.json([req.session.userId satisfies string, req.session.attributes.email satisfies string | undefined, req.session.attributes.cart])
  }),
)

const server = app.listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
let cookie = ""
const post = async (path: string, body: object) => {
  const headers = { "content-type": "application/json", "sec-fetch-site": "same-origin", cookie }
  const answer = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })
  const [given = ""] = answer.headers.getSetCookie()
  cookie = given.split(";")[0] || cookie
  return answer
}
await post("/cart", { item: "tea" })
const guest = cookie
assert.deepEqual(await (await post("/cart", { item: "milk" })).json(), ["tea", "milk"])
assert.equal(cookie, guest)
assert.equal((await post("/login", { email: "grace@navy.example", password: "wrong" })).status, 401)
assert.equal((await post("/login", { email: "grace@navy.example", password: "correct" })).status, 204)
assert.notEqual(cookie, guest)
assert.deepEqual(await (await fetch(`${url}/me`, { headers: { cookie } })).json(), ["grace", "grace@navy.example", ["tea", "milk"]])
assert.equal((await fetch(`${url}/me`, { headers: { cookie: guest } })).status, 401)
server.close()
console.log("ok 05c-guest-express")
