// The list of a user's devices, and signing out elsewhere, by the contract alone.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"

const sessions = await createSessionService({ store: "memory:" })

export async function devicesOf(token: string) {
  const me = await sessions.getSession(token)
  if (!me?.userId) return null
  const labels: string[] = []
  let cursor: string | undefined
  do {
    const page = await sessions.getUserSessions(me.userId, { cursor, limit: 2 })
    for (const session of page.sessions)
      labels.push(`${session.userId satisfies string}: ${session.device.label}${session.sessionId === me.sessionId ? " (this one)" : ""}`)
    cursor = page.cursor
  } while (cursor)
  return labels
}

export async function signOutElsewhere(token: string) {
  const me = await sessions.getSession(token)
  if (!me?.userId) return null
  return sessions.deleteUserSessions(me.userId, { except: me.sessionId, reason: "revoked" })
}

const tokens: string[] = []
for (const label of ["Laptop", "Phone", "Tablet", "Car", "Watch"]) tokens.push((await sessions.createSession({ userId: "grace", device: { label } })).token)
const [laptop = "", phone = ""] = tokens
assert.deepEqual(await devicesOf(phone), ["grace: Watch", "grace: Car", "grace: Tablet", "grace: Phone (this one)", "grace: Laptop"])
const phoneId: string = (await sessions.getSession(phone))?.sessionId ?? ""
assert.equal(await sessions.deleteUserSession("ada", phoneId), false)
assert.equal(await sessions.deleteUserSession("grace", phoneId), true)
assert.equal(await signOutElsewhere(laptop), 3)
assert.deepEqual(await devicesOf(laptop), ["grace: Laptop (this one)"])
assert.equal(await devicesOf(phone), null)
console.log("ok 07-devices")
