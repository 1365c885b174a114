// A guest with a cart who signs in, on requests of a framework that this library does not know.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"
import {
  type ActiveSession,
  type AuditEvent,
  countUserSessions,
  createAuthenticator,
  eraseUser,
  exportUser,
  openSession,
  type RequestAuth,
  type RequestHead,
  type ResponseHead,
} from "coatcheck/auth"
import { z } from "zod"

const sessions = await createSessionService({ store: "memory:", schema: z.object({ email: z.string().optional(), cart: z.array(z.string()).default([]) }) })
const log: AuditEvent[] = []
const authenticator = createAuthenticator({ sessions, origin: "https://shop.example", onAudit: (event) => log.push(event) })

let cookie = ""
function exchange(method: string): { head: RequestHead; response: ResponseHead } {
  const headers = new Map<string, string[]>()
  const asked: Readonly<Record<string, string>> = { cookie, "sec-fetch-site": "same-origin" }
  const response: ResponseHead = {
    append: (name, value) => {
      headers.set(name, [...(headers.get(name) ?? []), value])
      if (name === "set-cookie") cookie = value.split(";")[0] ?? ""
    },
    set: (name, value) => void headers.set(name, [value]),
    values: (name) => headers.get(name) ?? [],
    sent: false,
    beforeSent: () => undefined,
  }
  return { head: { method, url: "/", remoteAddress: "127.0.0.1", header: (name) => asked[name] || undefined }, response }
}
function request(method: string) {
  const { head, response } = exchange(method)
  return { head, auth: authenticator.authenticate(head, response) }
}

const shopping = request("POST").auth
const visitor = (await shopping.session()) ?? (await shopping.startGuest({}))
await visitor.update((own) => ({ ...own, cart: [...own.cart, "tea"] }))
assert.deepEqual(visitor.attributes.cart, ["tea"])

const user = await request("POST").auth.signIn({ userId: "grace", attributes: (guest) => ({ email: "grace@navy.example", cart: guest?.cart ?? [] }) })
assert.deepEqual(user.attributes, { email: "grace@navy.example", cart: ["tea"] })
user.userId satisfies string

const { head, auth } = request("GET")
const verdict = await authenticator.authorize(auth, head, { maxAge: "10m" })
assert.ok(verdict.ok)
verdict.session.userId satisfies string
verdict.session.attributes.cart satisfies readonly string[]
assert.deepEqual(
  (await auth.devices()).map(({ current, ip }) => [current, ip]),
  [[true, "127.0.0.1"]],
)
assert.equal(JSON.stringify(verdict.session), JSON.stringify(await openSession(sessions, cookie.split("=")[1])))

async function whatDoesNotCompile(auth: RequestAuth<{ theme: "dark" | "light" }>, session: ActiveSession<{ theme: "dark" | "light" }>): Promise<void> {
  // @ts-expect-error nobody is signed in without an id
  await auth.signIn({ attributes: { theme: "dark" } })
  // @ts-expect-error the attributes have to be there
  await auth.signIn({ userId: "grace" })
  // @ts-expect-error a cookie's life is asked for by remember
  await auth.signIn({ userId: "grace", attributes: { theme: "dark" }, persistent: true })
  // @ts-expect-error nobody makes themselves somebody else's impersonator
  await auth.signIn({ userId: "grace", attributes: { theme: "dark" }, impersonatorId: "root" })
  // @ts-expect-error what it replaces is the request's own session
  await auth.signIn({ userId: "grace", attributes: { theme: "dark" }, replaces: session.sessionId })
  // @ts-expect-error a misspelt attribute
  await session.update({ thme: "dark" })
  // @ts-expect-error another type
  await session.update({ theme: 1 })
  // @ts-expect-error fields change by update
  session.attributes.theme = "dark"
  // @ts-expect-error a session has no token
  session.token satisfies unknown
  // @ts-expect-error a guest's session has nobody's id
  session.userId satisfies string
  // @ts-expect-error a scope that does not exist
  await auth.signOut("nowhere")
}
whatDoesNotCompile satisfies unknown

assert.equal(await countUserSessions(sessions, "grace"), 1)
assert.equal((await exportUser(sessions, "grace")).sessions[0]?.attributes.email, "grace@navy.example")
assert.equal(await request("POST").auth.signOut("everywhere"), 1)
assert.equal(cookie, "__Host-Http-sid=")
assert.equal(await eraseUser(sessions, "grace"), 0)
assert.deepEqual(
  log.map(({ event, userId }) => [event, userId]),
  [
    ["session_created", null],
    ["authn_login_success", "grace"],
    ["session_logout", "grace"],
  ],
)
console.log("ok 05b-requests")
