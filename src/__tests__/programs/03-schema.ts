// Attributes that a schema describes: what is written may differ from what is stored.
import assert from "node:assert/strict"
import { type } from "arktype"
import { createSessionService } from "coatcheck"
import * as v from "valibot"
import { z } from "zod"

const refused = { code: "ERR_INVALID_ARGUMENT" }
const account = z.object({
  email: z.email().toLowerCase(),
  roles: z.array(z.enum(["reader", "editor"])).default(["reader"]),
  logins: z.coerce.number().default(0),
  nick: z.string().optional(),
  prefs: z.object({ tags: z.array(z.string()) }).optional(),
})
const sessions = await createSessionService({ store: "memory:", schema: account })
const { token, session } = await sessions.createSession({ userId: "grace", attributes: { email: "Grace@Navy.Example" } })
assert.equal(session.attributes.email, "grace@navy.example")
const roles: readonly ("reader" | "editor")[] = session.attributes.roles
const logins: number = session.attributes.logins
assert.deepEqual([roles, logins], [["reader"], 0])

assert.equal((await sessions.updateSession(token, { nick: "Amazing" }))?.attributes.nick, "Amazing")
assert.equal((await sessions.updateSession(token, { nick: undefined }))?.attributes.nick, "Amazing")
assert.equal((await sessions.updateSession(token, { logins: "7" }))?.attributes.logins, 7)
assert.deepEqual((await sessions.updateSession(token, { roles: ["editor"] }))?.attributes.roles, ["editor"])
assert.deepEqual((await sessions.updateSession(token, { roles: session.attributes.roles }))?.attributes.roles, ["reader"])
const bare = await sessions.updateSession(token, {}, { unset: ["nick", "prefs", "roles"] })
assert.deepEqual(bare?.attributes, { email: "grace@navy.example", logins: 7, roles: ["reader"] })

// @ts-expect-error what is required stays
await assert.rejects(sessions.updateSession(token, {}, { unset: ["email"] }), refused)
// @ts-expect-error an address is needed
await assert.rejects(sessions.createSession({ userId: "grace" }), refused)
// @ts-expect-error no such attribute
await sessions.updateSession(token, { mail: "x" })
// @ts-expect-error a number is no address
await assert.rejects(sessions.updateSession(token, { email: 5 }), refused)

/** Never called: types alone are looked at. */
export function readOnly(): void {
  // @ts-expect-error read only, however deep
  session.attributes.roles.push("editor")
  const { prefs } = session.attributes
  // @ts-expect-error read only, however deep
  if (prefs) prefs.tags[0] = "x"
  // @ts-expect-error read only
  session.device.ip = "192.0.2.1"
  // @ts-expect-error never changes
  session.userId = "ada"
  // @ts-expect-error read only
  session.attributes.email = "x"
}

/** Never called: what is stored has to be JSON that the schema takes again, which the types say before anything runs. */
export async function unstorable(): Promise<void> {
  // @ts-expect-error a Date is no JSON
  await createSessionService({ store: "memory:", schema: z.object({ since: z.string().transform((text) => new Date(text)) }) })
  // @ts-expect-error neither on the way in
  await createSessionService({ store: "memory:", schema: z.object({ since: z.date() }) })
  // @ts-expect-error the number that comes out is not taken again
  await createSessionService({ store: "memory:", schema: z.object({ length: z.string().transform((text) => text.length) }) })
}

const shop = await createSessionService({
  store: "memory:",
  schema: v.object({ cart: v.optional(v.array(v.number()), [3]), who: v.pipe(v.string(), v.trim()) }),
})
const shopper = await shop.createSession({ attributes: { who: " grace " } })
const first: number | undefined = shopper.session.attributes.cart[0]
assert.deepEqual([first, shopper.session.attributes.who], [3, "grace"])
// @ts-expect-error a name is needed
await assert.rejects(shop.createSession({}), refused)

const plans = await createSessionService({ store: "memory:", schema: type({ email: "string.email", "age?": "number", plan: "string = 'free'" }) })
const planned = await plans.createSession({ attributes: { email: "grace@navy.example" } })
const plan: string = planned.session.attributes.plan
assert.equal(plan, "free")
await plans.updateSession(planned.token, { age: 85 }, { unset: ["plan"] })
// @ts-expect-error what is required stays
await assert.rejects(plans.updateSession(planned.token, {}, { unset: ["email"] }), refused)

// Records, JSON, tuples, unions and brands are JSON.
const many = await createSessionService({
  store: "memory:",
  schema: z.object({
    record: z.record(z.string(), z.json()),
    json: z.json(),
    pair: z.tuple([z.string(), z.number()]),
    either: z.union([z.literal("a"), z.null()]),
    branded: z.string().brand<"Account">(),
  }),
})
await many.close()

// Without a schema the type alone says what is there.
interface Attributes {
  theme: "dark" | "light"
  cart: string[]
}
const typed = await createSessionService<Attributes>({ store: "memory:" })
await typed.createSession({ userId: "grace", attributes: { theme: "dark", cart: [] } })
// @ts-expect-error attributes are needed
await typed.createSession({ userId: "grace" })
console.log("ok 03-schema")
