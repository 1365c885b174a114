// "Remember me", on SQLite: the session outlives the process.
import assert from "node:assert/strict"
import { createSessionService } from "coatcheck"

const folder = process.env.PROGRAM_FOLDER
assert.ok(folder !== undefined, "PROGRAM_FOLDER is missing")
const open = () => createSessionService({ store: `sqlite:${folder}/sessions.db`, idleTimeout: "30m", absoluteTimeout: "12h" })
const sessions = await open()

export async function login(userId: string, remember: boolean, ip: string | undefined) {
  const { token, session } = await sessions.createSession({
    userId,
    device: { ip },
    persistent: remember,
    idleTimeout: remember ? "14d" : undefined,
    absoluteTimeout: remember ? "90d" : undefined,
  })
  const maxAge = session.persistent ? (session.absoluteExpiresAt.getTime() - session.createdAt.getTime()) / 1000 : undefined
  return { token, maxAge }
}

const kept = await login("grace", true, "192.0.2.1")
const brief = await login("grace", false, undefined)
assert.equal(kept.maxAge, 90 * 86_400)
assert.equal(brief.maxAge, undefined)
await sessions.close()

const reopened = await open()
const found = await reopened.getSession(kept.token)
assert.deepEqual([found?.userId, found?.persistent, found?.device], ["grace", true, { ip: "192.0.2.1" }])
const lasts = (await reopened.getSession(brief.token))?.absoluteExpiresAt.getTime() ?? 0
assert.ok(Math.abs(lasts - Date.now() - 12 * 3_600_000) < 60_000)
await reopened.close()
console.log("ok 06-remember")
