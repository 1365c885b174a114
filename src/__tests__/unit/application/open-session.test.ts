import { inspect } from "node:util"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { OpenSession } from "../../../application/OpenSession.js"
import { openSession } from "../../../application/read-session.js"
import { createSessionService } from "../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { createFakeClock, type FakeClock } from "../../../testing/fake-clock.js"
import { codeOf, WatchedSessions } from "../../support/request-doubles.js"

let clock: FakeClock
let sessions: OwnedSessionService<SessionAttributes, SessionAttributes>

beforeEach(async () => {
  clock = createFakeClock()
  sessions = await createSessionService<SessionAttributes>({ store: "memory:", clock })
})
afterEach(() => sessions.close())

async function opened(attributes: SessionAttributes = { theme: "light" }) {
  const issued = await sessions.createSession({ userId: "ada", attributes })
  return { issued, open: new OpenSession(sessions, issued) }
}

describe("what a handler sees", () => {
  it("are the session's fields, spread, as JSON and one by one", async () => {
    const { issued, open } = await opened()
    expect({ ...open.view }).toEqual(issued.session)
    expect(open.view.toJSON()).toEqual(issued.session)
    expect(JSON.stringify({ session: open.view })).toBe(JSON.stringify({ session: issued.session }))
    expect(structuredClone(open.view.toJSON())).toEqual(issued.session)
  })

  it("is shown by the console with the attributes, which nobody has looked at yet", async () => {
    const { issued, open } = await opened({ theme: "dark" })
    expect(inspect(open.view)).toContain("attributes: { theme: 'dark' }")
    expect(inspect(open.view)).toContain(issued.session.sessionId)
  })

  it("has no way to the token: not by inspection, names, symbols or prototypes", async () => {
    const { issued, open } = await opened()
    await open.renew({ grace: 0 })
    const secret = issued.token.slice(-43)
    for (const depth of [2, Number.POSITIVE_INFINITY]) expect(inspect(open.view, { depth, showHidden: true, getters: true })).not.toContain(secret)
    expect(reachable(open.view)).not.toContain(secret)
    expect(Object.keys(open.view)).not.toContain("token")
  })

  it("is the newest state that this request has seen", async () => {
    const { issued, open } = await opened()
    await sessions.updateSession(issued.token, { cart: ["tea"] })
    await open.view.update({ theme: "dark" })
    expect([open.view.version, open.view.attributes]).toEqual([3, { theme: "dark", cart: ["tea"] }])
    clock.advance("5m")
    await open.view.extend("1h")
    expect(open.view.expiresAt.getTime()).toBe(clock.now() + 3_600_000)
  })

  it("of two answers that arrive in the wrong order, the newer one stays", async () => {
    const watched = new WatchedSessions(sessions)
    const issued = await sessions.createSession({ userId: "ada" })
    const open = new OpenSession(watched.service, issued)
    watched.after("updateSession", () => open.view.update({ second: 2 }))
    await open.view.update({ first: 1 })
    expect([open.view.version, open.view.attributes]).toEqual([3, { first: 1, second: 2 }])
  })
})

describe("a session that is renewed while it is used", () => {
  const uses = {
    update: (open: OpenSession<SessionAttributes>) => open.update({ theme: "dark" }),
    extend: (open: OpenSession<SessionAttributes>) => open.extend("1h"),
    reload: async (open: OpenSession<SessionAttributes>) => expect(await open.reload()).toBe(true),
  }

  it.each(Object.entries(uses))("%s finds it, whichever of the two was asked for first", async (_name, use) => {
    const told: unknown[] = []
    for (const first of ["renew", "use"]) {
      const issued = await sessions.createSession({ userId: "ada", attributes: { theme: "light" } })
      const open = new OpenSession(sessions, issued, () => told.push(first))
      const renew = (): Promise<unknown> => open.renew({ grace: 0 })
      await Promise.all(first === "renew" ? [renew(), use(open)] : [use(open), renew()])
      expect(await sessions.getSession(issued.token)).toBeNull()
    }
    expect(told).toEqual([])
  })

  it("is found by what was asked for before, and answered with the old token", async () => {
    const watched = new WatchedSessions(sessions)
    const issued = await sessions.createSession({ userId: "ada" })
    const open = new OpenSession(watched.service, issued)
    watched.before("updateSession", () => open.renew({ grace: 0 }))
    await open.update({ theme: "dark" })
    expect(open.view.attributes).toEqual({ theme: "dark" })
  })
})

describe("a session that was ended meanwhile", () => {
  it.each(["update", "extend"] as const)("rejects %s with ERR_SESSION_ENDED, tells of it, and shows what it showed", async (use) => {
    const issued = await sessions.createSession({ userId: "ada", attributes: { theme: "light" } })
    let told = 0
    const open = new OpenSession(sessions, issued, () => {
      told += 1
    })
    await sessions.deleteUserSessions("ada")
    expect(await codeOf(use === "update" ? open.view.update({ theme: "dark" }) : open.view.extend())).toBe("ERR_SESSION_ENDED")
    expect([told, open.view.attributes]).toEqual([1, { theme: "light" }])
    expect(await sessions.getSession(issued.token)).toBe(null)
  })

  it("cannot be renewed", async () => {
    const { open } = await opened()
    await sessions.deleteUserSessions("ada")
    expect(await codeOf(open.renew({ reauthenticated: true }))).toBe("ERR_SESSION_ENDED")
  })
})

describe("openSession", () => {
  it("opens what a token opens, and nothing else", async () => {
    const { issued } = await opened()
    const session = await openSession(sessions, issued.token)
    expect(session?.toJSON()).toEqual(issued.session)
    await session?.update({ theme: "dark" })
    expect((await sessions.getSession(issued.token))?.attributes).toEqual({ theme: "dark" })
    for (const token of [undefined, "", "no token", issued.session.sessionId]) expect(await openSession(sessions, token)).toBe(null)
  })
})

/** All text that can be reached from a value, over own properties of any kind and prototypes. */
function reachable(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === "string") return `${value}\n`
  if ((typeof value !== "object" && typeof value !== "function") || value === null || seen.has(value)) return ""
  seen.add(value)
  const keys = Reflect.ownKeys(value).filter((key) => key !== "caller" && key !== "callee" && key !== "arguments")
  const inner = keys.map((key) => String(key) + reachable(Reflect.getOwnPropertyDescriptor(value, key)?.value, seen)).join("\n")
  return inner + reachable(Reflect.getPrototypeOf(value), seen)
}
