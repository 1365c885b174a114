import { expect, it } from "vitest"
import { countUserSessions, eraseUser, exportUser } from "../../../application/user-data.js"
import { createSessionService } from "../../../config/create-session-service.js"
import type { SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { WatchedSessions } from "../../support/request-doubles.js"

it("all that is kept of a user is counted, handed over over all pages without a token, and erased; nothing of anybody else", async () => {
  const sessions = await createSessionService<SessionAttributes>({ store: "memory:" })
  const secrets: string[] = []
  for (let number = 0; number < 250; number += 1) {
    const { token } = await sessions.createSession({ userId: "ada", attributes: { number }, device: { ip: "192.0.2.1" } })
    secrets.push(token.slice(27))
  }
  const pending = await sessions.createSession({ pendingUserId: "ada" })
  await sessions.createSession({ userId: "eve" })

  expect(await countUserSessions(sessions, "ada")).toBe(250)
  const everything = await exportUser(sessions, "ada")
  expect([everything.userId, everything.sessions.length]).toEqual(["ada", 250])
  expect(everything.sessions.every(({ userId, device }) => userId === "ada" && device.ip === "192.0.2.1")).toBe(true)
  expect(new Set(everything.sessions.map(({ attributes }) => attributes.number)).size).toBe(250)
  const text = JSON.stringify(everything)
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([])

  expect(await eraseUser(sessions, "ada")).toBe(251)
  expect(await sessions.getSession(pending.token)).toBe(null)
  expect([await countUserSessions(sessions, "ada"), (await exportUser(sessions, "ada")).sessions, await countUserSessions(sessions, "eve")]).toEqual([0, [], 1])
  await sessions.close()
})

it("erasing also looks for sessions that the user's list has lost", async () => {
  const asked: unknown[] = []
  const sessions = await createSessionService<SessionAttributes>({ store: "memory:" })
  const spied = new Proxy(sessions, {
    get: (target, name) => (name === "deleteUserSessions" ? async (...args: unknown[]) => asked.push(args) : Reflect.get(target, name)),
  })
  const { signal } = new AbortController()
  await eraseUser(new WatchedSessions(spied).service, "ada", { signal })
  expect(asked).toEqual([["ada", { signal, thorough: true }]])
  await sessions.close()
})
