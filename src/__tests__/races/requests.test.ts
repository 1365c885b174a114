import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { type EveryStore, openEveryStore, STORE_NAMES } from "../support/every-store.js"
import { ask, codeOf, Tab, WatchedSessions } from "../support/request-doubles.js"

// Requests of one browser, or of two, one of which comes between two steps of the other. All tabs of a browser share its cookie.

interface Cart extends SessionAttributes {
  readonly cart?: readonly string[]
}

const keepCart = (guest: Readonly<SessionAttributes> | null): Cart => ({ cart: (guest as Cart | null)?.cart ?? [] })
const put =
  (item: string) =>
  (own: SessionAttributes): SessionAttributes => ({ ...own, cart: [...((own as Cart).cart ?? []), item] })

let stores: EveryStore
beforeAll(async () => {
  // Longer than any wait on a busy machine: what is looked at is the order of steps.
  stores = await openEveryStore({ timeout: "30s" })
})
afterAll(() => stores.close())

describe.each(STORE_NAMES)("on %s", (name) => {
  let number = 0
  const setUp = async (options: "guest" | "user") => {
    const sessions = stores.services[name]
    number += 1
    const userId = `user ${number}`
    const { token } = await sessions.createSession(options === "guest" ? { attributes: { cart: [] } } : { userId, attributes: { cart: [] } })
    const holds = async (cookie: string | null): Promise<unknown> => ((await sessions.getSession(cookie))?.attributes as Cart | undefined)?.cart ?? null
    return { sessions, watched: new WatchedSessions(sessions), userId, token, browser: new Tab(token), holds }
  }

  describe("a guest signs in, and another tab puts something into the cart", () => {
    it.each(["createSession", "deleteSession"] as const)("before %s: it is in the user's cart", async (step) => {
      const { sessions, watched, userId, token, browser, holds } = await setUp("guest")
      const other = await ask(sessions, browser).auth.session()
      watched.before(step, () => other?.update(put("tea")) ?? Promise.reject(new Error("no session")))
      const session = await ask(watched.service, browser).auth.signIn({ userId, attributes: keepCart })
      expect([session.attributes, await holds(browser.cookie), await holds(token)]).toEqual([{ cart: ["tea"] }, ["tea"], null])
    })

    it("again and again: what was acknowledged before the last copy is there, and the guest's session is over", async () => {
      const { sessions, watched, userId, token, browser, holds } = await setUp("guest")
      const other = await ask(sessions, browser).auth.session()
      const items = ["1", "2", "3", "4", "5", "6"]
      for (const item of items) watched.before("deleteSession", () => other?.update(put(item)) ?? Promise.resolve())
      await ask(watched.service, browser).auth.signIn({ userId, attributes: keepCart })
      expect([await holds(browser.cookie), await holds(token)]).toEqual([["1", "2", "3", "4"], null])
    })

    it("after the guest's session has ended: that tab is told, and may send it again", async () => {
      const { sessions, watched, userId, browser, holds } = await setUp("guest")
      const other = await ask(sessions, browser).auth.session()
      let told: unknown
      watched.after("deleteSession", async () => {
        told = await codeOf(other?.update(put("tea")) ?? Promise.resolve())
      })
      await ask(watched.service, browser).auth.signIn({ userId, attributes: keepCart })
      expect([told, await holds(browser.cookie)]).toEqual(["ERR_SESSION_ENDED", []])
    })

    it("by many at once: everything that was acknowledged is in the user's cart", async () => {
      for (let round = 0; round < 10; round += 1) {
        const { sessions, userId, browser, holds } = await setUp("guest")
        const open = await Promise.all(Array.from({ length: 6 }, () => ask(sessions, browser).auth.session()))
        const acknowledged: string[] = []
        const updates = open.map(async (session, tab) => {
          if ((await codeOf(session?.update(put(`tea ${tab}`)) ?? Promise.resolve())) === null) acknowledged.push(`tea ${tab}`)
        })
        await Promise.all([...updates, ask(sessions, browser).auth.signIn({ userId, attributes: keepCart })])
        expect(await holds(browser.cookie)).toEqual(expect.arrayContaining(acknowledged))
      }
    })
  })

  it("a guest signs in in two tabs at once: both are signed in, under sessions of their own, and the guest's is over", async () => {
    const { sessions, watched, userId, token, browser, holds } = await setUp("guest")
    let second: unknown
    watched.before("deleteSession", async () => {
      second = (await ask(sessions, new Tab(browser.cookie)).auth.signIn({ userId, attributes: keepCart })).sessionId
    })
    const first = await ask(watched.service, browser).auth.signIn({ userId, attributes: keepCart })
    const listed = (await sessions.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)
    expect(new Set(listed)).toEqual(new Set([first.sessionId, second]))
    expect(await holds(token)).toBe(null)
  })

  describe("somebody signs out, and another tab proves again who they are", () => {
    it("between the sign-out's two steps: the session is over, whatever secret it has", async () => {
      const { sessions, watched, userId, token, browser, holds } = await setUp("user")
      const renewed = new Tab(token)
      watched.after("getSession", () => ask(sessions, renewed).auth.reauthenticated(userId))
      expect(await ask(watched.service, browser).auth.signOut()).toBe(1)
      expect([renewed.cookie === token, browser.cookie]).toEqual([false, null])
      expect([await holds(renewed.cookie), await holds(token)]).toEqual([null, null])
    })

    it("before the sign-out reads: the sign-out is refused and takes no cookie, and asked again with the new one it is done", async () => {
      const { sessions, watched, userId, browser, holds } = await setUp("user")
      const renewed = new Tab(browser.cookie)
      watched.before("getSession", () => ask(sessions, renewed).auth.reauthenticated(userId))
      const { auth, request } = ask(watched.service, browser)
      expect(await codeOf(auth.signOut())).toBe("ERR_SESSION_ENDED")
      expect([request.done, await holds(renewed.cookie)]).toEqual([[], []])
      expect(await ask(sessions, renewed).auth.signOut()).toBe(1)
      expect((await sessions.getUserSessions(userId)).sessions).toEqual([])
    })

    it("and comes too late: it is told, and gets no cookie", async () => {
      const { sessions, watched, userId, token, browser, holds } = await setUp("user")
      watched.before("rotateSession", () => ask(sessions, browser).auth.signOut())
      const { auth, request } = ask(watched.service, browser)
      expect(await codeOf(auth.reauthenticated(userId))).toBe("ERR_SESSION_ENDED")
      expect([request.done, browser.cookie, await holds(token)]).toEqual([[], null, null])
    })
  })

  describe("of one request at the same time", () => {
    const openOnes = async ({ sessions, userId }: Awaited<ReturnType<typeof setUp>>): Promise<readonly string[]> =>
      (await sessions.getUserSessions(userId)).sessions.map(({ sessionId }) => sessionId)

    it("two sign-ins leave one session, that of the cookie", async () => {
      const set = await setUp("guest")
      const { auth } = ask(set.sessions, set.browser)
      await Promise.all([auth.signIn({ userId: set.userId }), auth.signIn({ userId: set.userId })])
      expect(await openOnes(set)).toEqual([(await set.sessions.getSession(set.browser.cookie))?.sessionId])
    })

    it("two guests leave one session, that of the cookie", async () => {
      const { sessions, watched } = await setUp("guest")
      const browser = new Tab()
      const { auth } = ask(watched.service, browser)
      const [first, second] = await Promise.all([auth.startGuest({ number: 1 }), auth.startGuest({ number: 2 })])
      expect([await codeOf(first.extend()), await codeOf(second.extend())]).toEqual(["ERR_SESSION_ENDED", null])
      expect((await sessions.getSession(browser.cookie))?.sessionId).toBe(second.sessionId)
    })

    it("a new proof and a sign-in leave the session of the sign-in", async () => {
      const set = await setUp("user")
      const { auth } = ask(set.sessions, set.browser)
      const [, signedIn] = await Promise.all([auth.reauthenticated(set.userId), auth.signIn({ userId: set.userId })])
      expect([await openOnes(set), (await set.sessions.getSession(set.browser.cookie))?.sessionId]).toEqual([[signedIn.sessionId], signedIn.sessionId])
    })

    it("a new proof and a sign-out leave none", async () => {
      const set = await setUp("user")
      const { auth } = ask(set.sessions, set.browser)
      await Promise.all([auth.reauthenticated(set.userId), auth.signOut()])
      expect([await openOnes(set), set.browser.cookie]).toEqual([[], null])
    })

    it("one that fails keeps none that comes after it", async () => {
      const set = await setUp("guest")
      const { auth } = ask(set.watched.fail("createSession", "ERR_STORE_TIMEOUT").service, set.browser)
      const [first, second] = await Promise.allSettled([auth.signIn({ userId: set.userId }), auth.signIn({ userId: set.userId })])
      expect([first.status, second.status, (await openOnes(set)).length]).toEqual(["rejected", "fulfilled", 1])
    })
  })

  it("two tabs prove again at once: one gets the new secret, the other is told and takes nothing away", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { sessions, userId, token, browser, holds } = await setUp("user")
      const tabs = [ask(sessions, browser), ask(sessions, browser)]
      const codes = await Promise.all(tabs.map(({ auth }) => codeOf(auth.reauthenticated(userId))))
      expect(codes.filter((code) => code === null)).toHaveLength(1)
      expect(["ERR_SESSION_CONFLICT", "ERR_SESSION_ENDED"]).toContain(codes.find((code) => code !== null))
      expect(tabs.flatMap(({ request }) => request.done)).toEqual(["given"])
      expect([await holds(browser.cookie), await holds(token)]).toEqual([[], null])
    }
  })

  it("a late request with the replaced secret finds nobody, and leaves the newer cookie alone", async () => {
    const { sessions, userId, browser, holds } = await setUp("user")
    const late = ask(sessions, browser)
    await ask(sessions, browser).auth.reauthenticated(userId)
    expect([await late.auth.session(), late.request.done]).toEqual([null, []])
    expect(await holds(browser.cookie)).toEqual([])
  })

  it("a late update of a session that was signed out of is told so, and brings nothing back", async () => {
    const { sessions, watched, token, browser, holds } = await setUp("user")
    const late = ask(watched.service, browser)
    const session = await late.auth.session()
    watched.before("updateSession", () => ask(sessions, browser).auth.signOut("everywhere"))
    expect(await codeOf(session?.update(put("tea")) ?? Promise.resolve())).toBe("ERR_SESSION_ENDED")
    expect(await holds(token)).toBe(null)
  })

  it("signing out everywhere reaches a session that another browser opens before it ends the others, and none that comes after", async () => {
    const { sessions, watched, userId, browser, holds } = await setUp("user")
    const [before, after] = [new Tab(), new Tab()]
    watched.before("deleteUserSessions", () => ask(sessions, before).auth.signIn({ userId }))
    watched.before("deleteUserSession", () => ask(sessions, after).auth.signIn({ userId }))
    expect(await ask(watched.service, browser).auth.signOut("everywhere")).toBe(2)
    expect([await holds(before.cookie), browser.cookie]).toEqual([null, null])
    expect((await sessions.getSession(after.cookie))?.userId).toBe(userId)
  })

  it("who is signed out everywhere while signing in is signed in nowhere", async () => {
    const { sessions, watched, userId, browser } = await setUp("guest")
    watched.after("createSession", () => sessions.deleteUserSessions(userId))
    await codeOf(ask(watched.service, browser).auth.signIn({ userId, attributes: keepCart }))
    expect([await sessions.getSession(browser.cookie), (await sessions.getUserSessions(userId)).sessions]).toEqual([null, []])
  })

  it("an impersonator who is signed out while they begin is let in nowhere", async () => {
    const { sessions, watched, userId, browser } = await setUp("user")
    watched.before("createSession", () => sessions.deleteUserSessions(userId))
    await ask(watched.service, browser).auth.impersonate(`${userId}, a customer`)
    expect(await ask(sessions, browser).auth.session()).toBe(null)
    expect((await sessions.getUserSessions(`${userId}, a customer`)).sessions).toEqual([])
  })
})
