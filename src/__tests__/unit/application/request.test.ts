import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createSessionService } from "../../../config/create-session-service.js"
import type { OwnedSessionService, SessionAttributes } from "../../../domain/interfaces/session/ISessionService.js"
import { createFakeClock, type FakeClock } from "../../../testing/fake-clock.js"
import { ask, codeOf, Tab, WatchedSessions } from "../../support/request-doubles.js"

let clock: FakeClock
let sessions: OwnedSessionService<SessionAttributes, SessionAttributes>
let watched: WatchedSessions

beforeEach(async () => {
  clock = createFakeClock()
  sessions = await createSessionService<SessionAttributes>({ store: "memory:", clock })
  watched = new WatchedSessions(sessions)
})
afterEach(() => sessions.close())

const userTab = async (): Promise<Tab> => new Tab((await sessions.createSession({ userId: "ada" })).token)

describe("the session of a request", () => {
  it("is not read before somebody asks, and then once, however many ask", async () => {
    const { auth } = ask(watched.service, await userTab())
    expect(watched.calls).toEqual([])
    const [first, second] = await Promise.all([auth.session(), auth.session()])
    await auth.session()
    expect(watched.calls).toEqual(["getSession"])
    expect(first?.userId).toBe("ada")
    expect(second).toBe(first)
  })

  it("without credentials is none, and nothing is read", async () => {
    const { auth, events } = ask(watched.service, new Tab())
    expect(await auth.session()).toBe(null)
    expect([watched.calls, events]).toEqual([[], []])
  })

  it("is asked for again after the store did not answer, and the cookie stays", async () => {
    const tab = await userTab()
    const { auth, request } = ask(watched.fail("getSession", "ERR_STORE_UNAVAILABLE").service, tab)
    expect(await codeOf(auth.session())).toBe("ERR_STORE_UNAVAILABLE")
    expect((await auth.session())?.userId).toBe("ada")
    expect(request.done).toEqual([])
  })

  it("is none for a record that cannot be read; the cookie stays, for another release may be able to", async () => {
    const tab = await userTab()
    const { auth, request } = ask(watched.fail("getSession", "ERR_SESSION_CORRUPT").service, tab)
    expect(await auth.session()).toBe(null)
    expect([request.done, tab.cookie === null]).toEqual([[], false])
  })

  it("that is over is none and told of; its cookie stays, since a later answer may have brought a newer one", async () => {
    const tab = await userTab()
    await sessions.deleteUserSessions("ada")
    const { auth, request, events } = ask(sessions, tab)
    expect(await auth.session()).toBe(null)
    expect(request.done).toEqual([])
    expect(events).toEqual([
      {
        event: "session_use_after_expire",
        sessionId: null,
        userId: null,
        pendingUserId: null,
        impersonatorId: null,
        device: { ip: "192.0.2.1", label: "Laptop" },
      },
    ])
  })

  it("counts as activity unless the route says otherwise", async () => {
    const tab = await userTab()
    const lastAccess = async (): Promise<number> => ((await sessions.getSession(tab.cookie, { touch: false }))?.lastAccessedAt ?? new Date(0)).getTime()
    const begun = clock.now()
    clock.advance("2h")
    await ask(sessions, tab, { touch: false }).auth.session()
    expect(await lastAccess()).toBe(begun)
    await ask(sessions, tab).auth.session()
    expect(await lastAccess()).toBe(clock.now())
  })

  it("may be a guest's, or one that waits for a second factor: nobody is signed in there", async () => {
    for (const options of [{}, { pendingUserId: "ada" }]) {
      const tab = new Tab((await sessions.createSession(options)).token)
      expect((await ask(sessions, tab).auth.session())?.userId).toBe(null)
      expect(await codeOf(ask(sessions, tab).auth.devices())).toBe("ERR_NOT_AUTHENTICATED")
    }
  })
})

describe("the list of devices", () => {
  it("has all of a user's sessions, over all pages, the current one marked, and never a token", async () => {
    const tab = await userTab()
    for (let number = 0; number < 450; number += 1) await sessions.createSession({ userId: "ada", device: { label: `Device ${number}` } })
    await sessions.createSession({ userId: "eve" })
    await sessions.createSession({ userId: "ada", impersonatorId: "root" })
    const devices = await ask(sessions, tab).auth.devices()
    expect(devices).toHaveLength(452)
    expect(devices.filter(({ current }) => current)).toEqual([devices.at(-1)])
    expect(devices.filter(({ impersonated }) => impersonated)).toEqual([devices[0]])
    expect(devices[1]).toEqual({
      sessionId: devices[1]?.sessionId,
      label: "Device 449",
      current: false,
      impersonated: false,
      createdAt: new Date(clock.now()),
      lastAccessedAt: new Date(clock.now()),
    })
    expect(devices.every((device) => device.sessionId.length === 26)).toBe(true)
  })

  it("is for a signed-in user", async () => {
    expect(await codeOf(ask(sessions, new Tab()).auth.devices())).toBe("ERR_NOT_AUTHENTICATED")
  })
})
