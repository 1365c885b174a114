// The quick start: sessions in memory, without a schema.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"

await using sessions = await createSessionService({ store: "memory:" })
const { token, session, evicted } = await sessions.createSession({ userId: "grace", attributes: { theme: "dark", tabs: 2 } })
assert.equal(session.sessionId, token.slice(0, 26))
assert.ok(session.expiresAt.getTime() <= session.absoluteExpiresAt.getTime())
assert.deepEqual(evicted, [])

await sessions.updateSession(token, { theme: "light" })
const again = await sessions.getSession(token)
assert.equal(again?.attributes.theme, "light")
await sessions.updateSession(token, { tabs: undefined })
assert.equal((await sessions.getSession(token))?.attributes.tabs, 2)
await sessions.updateSession(token, {}, { unset: ["tabs"] })
assert.deepEqual((await sessions.getSession(token))?.attributes, { theme: "light" })

// @ts-expect-error a handle opens nothing
assert.equal(await sessions.getSession(session.sessionId), null)
// @ts-expect-error a token in the place of a handle
await assert.rejects(sessions.deleteUserSessions("grace", { except: token }), { code: "ERR_INVALID_ARGUMENT" })
// @ts-expect-error the two arguments the wrong way round
assert.equal(await sessions.deleteUserSession(session.sessionId, "grace"), false)
// @ts-expect-error a token is no user id either
assert.deepEqual((await sessions.getUserSessions(token)).sessions, [])
// @ts-expect-error an updater that has to be waited for
const waiting = sessions.updateSession(token, async (own) => ({ ...own }))
await assert.rejects(waiting, { code: "ERR_INVALID_ARGUMENT" })

// What comes from outside is a plain string, or is missing.
const cookie: string | undefined = process.env.NO_SUCH_COOKIE
assert.equal(await sessions.getSession(cookie), null)
assert.equal(await sessions.getSession(null), null)
assert.equal(await sessions.deleteSession(cookie), false)
const fromUrl: string = "x"
assert.equal(await sessions.deleteUserSession("grace", fromUrl), false)

assert.equal(await sessions.deleteSession(token), true)
assert.equal(await sessions.getSession(token), null)
const guest = await sessions.createSession({})
assert.equal(guest.session.userId, null)
console.log("ok 01-memory")
