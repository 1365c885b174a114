// The list of a user's devices, and signing out elsewhere, behind Express.
import assert from "node:assert/strict"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createSessionService } from "coatcheck"
import { createAuthenticator, type DeviceEntry } from "coatcheck/auth"
import { expressDoor } from "coatcheck/express"
import express from "express"

const sessions = await createSessionService({ store: "memory:" })
const door = expressDoor(createAuthenticator({ sessions, origin: "https://app.example" }))

const app = express()
app.get(
  "/devices",
  door.requireSession(async (req, res) => {
    res.json(await req.auth.devices())
  }),
)
app.delete(
  "/devices",
  door.requireSession(
    async (req, res) => {
      res.json({ ended: await req.auth.signOut("elsewhere") })
    },
    { maxAge: "10m" },
  ),
)
app.delete("/devices/:id", door.guard(), async (req, res) => {
  const me = door.sessionOf(req)
  res.sendStatus((await sessions.deleteUserSession(me.userId, req.params.id)) ? 204 : 404)
})

const server = app.listen(0, "127.0.0.1")
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const opened = async (label: string) => (await sessions.createSession({ userId: "grace", device: { label } })).token
const [laptop] = [await opened("Laptop"), await opened("Phone"), await opened("Tablet"), await opened("Car")]
const ask = (method: string, path: string) => fetch(url + path, { method, headers: { cookie: `__Host-Http-sid=${laptop}`, "sec-fetch-site": "same-origin" } })
const listed = async () => (await (await ask("GET", "/devices")).json()) as readonly DeviceEntry[]

const all = await listed()
assert.deepEqual(
  all.map(({ label, current }) => `${label}${current ? " (this one)" : ""}`),
  ["Car", "Tablet", "Phone", "Laptop (this one)"],
)
assert.equal((await ask("DELETE", `/devices/${all[0]?.sessionId}`)).status, 204)
assert.equal((await ask("DELETE", `/devices/${all[0]?.sessionId}`)).status, 404)
assert.deepEqual(await (await ask("DELETE", "/devices")).json(), { ended: 2 })
assert.deepEqual(
  (await listed()).map(({ label }) => label),
  ["Laptop"],
)
server.close()
console.log("ok 07b-devices-express")
