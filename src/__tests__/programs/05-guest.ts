// A guest with a cart who signs in, by the contract alone.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"
import { z } from "zod"

const sessions = await createSessionService({ store: "memory:", schema: z.object({ email: z.string().optional(), cart: z.array(z.string()).default([]) }) })

export async function signIn(guestToken: string | undefined, userId: string) {
  const guest = await sessions.getSession(guestToken)
  const made = await sessions.createSession({
    userId,
    attributes: { cart: guest?.attributes.cart ?? [] },
    device: { ip: undefined, userAgent: undefined, label: "Kiosk" },
  })
  await sessions.deleteSession(guestToken, { reason: "replaced" })
  return made
}

const visitor = await sessions.createSession({ attributes: {} })
await sessions.updateSession(visitor.token, (own) => ({ ...own, cart: [...own.cart, "tea"] }))
const signedIn = await signIn(visitor.token, "grace")
assert.deepEqual(signedIn.session.attributes.cart, ["tea"])
assert.deepEqual(signedIn.session.device, { label: "Kiosk" })
assert.equal(await sessions.getSession(visitor.token), null)
assert.deepEqual((await signIn(undefined, "ada")).session.attributes.cart, [])

// Guests and users may have attributes of their own.
const either = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("guest"), cart: z.array(z.string()) }),
  z.object({ kind: z.literal("user"), email: z.string(), cart: z.array(z.string()), nick: z.string().optional() }),
])
const shop = await createSessionService({ store: "memory:", schema: either })
const guest = await shop.createSession({ attributes: { kind: "guest", cart: [] } })
if (guest.session.attributes.kind === "user") guest.session.attributes.email satisfies string
assert.deepEqual((await shop.updateSession(guest.token, { cart: ["tea"] }))?.attributes.cart, ["tea"])
const user = await shop.createSession({ userId: "grace", attributes: { kind: "user", email: "a", cart: [], nick: "x" } })
await shop.updateSession(user.token, { email: "grace@navy.example" })
const named = await shop.updateSession(user.token, (own) => (own.kind === "user" ? { ...own, nick: "Amazing" } : own))
assert.equal(named?.attributes.kind === "user" ? named.attributes.nick : undefined, "Amazing")
const unnamed = await shop.updateSession(user.token, {}, { unset: ["nick"] })
assert.deepEqual(unnamed?.attributes, { kind: "user", email: "grace@navy.example", cart: [] })
console.log("ok 05-guest")
