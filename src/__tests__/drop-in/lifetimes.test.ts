import type { Session, SessionData } from "express-session"
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { CoatcheckStore as ExpressStore } from "../../drop-in/express-session.js"
import { CoatcheckStore as FastifyStore } from "../../drop-in/fastify-session.js"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"
import { type Application, type ExpressOptions, expressApplication, fastifyApplication, type KoaOptions, koaApplication } from "./applications.js"
import { Browser, held, signedIn } from "./browser.js"

// All sessions of these applications last an hour from their last use, unless somebody says otherwise.
const MINUTE = 60_000
const DAY = 86_400_000

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }))
afterEach(() => void vi.useRealTimers())

function pass(minutes: number): void {
  vi.setSystemTime(Date.now() + minutes * MINUTE)
}

const called = <T>(work: (done: (error: unknown, value?: T | null) => void) => void): Promise<T | null | undefined> =>
  new Promise((resolve, reject) => work((error, value) => (error ? reject(error as Error) : resolve(value))))

async function visits(browser: Browser, ...after: readonly number[]): Promise<void> {
  for (const minutes of after) {
    pass(minutes)
    expect(await browser.fields()).toMatchObject({ user: "ada" })
  }
}

describe("express-session", () => {
  const open = (options: ExpressOptions = {}): Promise<Application> =>
    expressApplication(new ExpressStore({ store: "memory:" }), { resave: false, saveUninitialized: false, rolling: true, ...options })

  it.each([5, 50])("a save in the midst of a request ends no session that was used since its last save (%i minutes after its last use)", async (minutes) => {
    await using application = await open()
    const browser = await signedIn(application)
    await visits(browser, 40)
    pass(minutes)
    expect(await browser.visit("/save?field=cart&value=lamp")).toEqual({ status: 200, text: "done" })
    await visits(browser, 0, 50)
    expect(application.errors).toEqual([])
  })

  it("a save in the midst of a request cuts nothing off, while that request goes on", async () => {
    await using application = await open()
    const browser = await signedIn(application)
    await visits(browser, 50)
    pass(5)
    const answering = (await browser.copy()).visit("/write-twice?field=cart")
    await held(application)
    application.gate.open()
    await held(application)
    await visits(browser, 50)
    application.gate.open()
    expect(await answering).toEqual({ status: 200, text: "done" })
    await visits(browser, 0, 50)
  })

  it("a merge of two such saves keeps the session, too", async () => {
    await using application = await open()
    const browser = await signedIn(application)
    await visits(browser, 40)
    const answering = (await browser.copy()).visit("/write-twice?field=mine")
    await held(application)
    pass(30)
    const other = await browser.copy()
    const theirs = other.visit("/write-twice?field=theirs")
    await held(application, 2)
    application.gate.open()
    await held(application, 2)
    expect(await (await browser.copy()).fields()).toEqual({ user: "ada", mine: "first", theirs: "first" })
    application.gate.open()
    expect([await answering, await theirs].map(({ text }) => text)).toEqual(["done", "done"])
    await visits(browser, 0)
    expect(application.errors).toEqual([])
  })

  it("a session that the application gave a shorter life has it, and one whose end it put into the past is over", async () => {
    await using application = await open()
    const [one, other] = [await signedIn(application), await signedIn(application)]
    await one.visit(`/last?ms=${10 * MINUTE}`)
    await visits(one, 5)
    await other.visit("/last?ms=-1")
    expect(await other.fields()).toEqual({})
    pass(11)
    expect(await (await one.copy()).fields()).toEqual({})
    expect(application.errors).toEqual([])
  })

  it.each([60 * MINUTE, null])("a touch with what the cookie said long ago ends nothing (an age of %s ms)", async (originalMaxAge) => {
    const store = new ExpressStore({ store: "memory:" })
    const lasting = { originalMaxAge, expires: new Date(Date.now() + 60 * MINUTE) }
    await called((done) => store.set("one", { cookie: lasting } as never, done))
    const early = await called((done) => store.get("one", done))
    pass(40)
    await called((done) => store.touch("one", { cookie: { ...lasting, expires: new Date(Date.now() + 60 * MINUTE) } } as never, done))
    pass(40)
    await called((done) => store.touch("one", early as never, done))
    expect(await called((done) => store.get("one", done))).not.toBeNull()
    await called((done) => store.touch("one", { cookie: { ...lasting, expires: new Date(0) } } as never, done))
    expect(await called((done) => store.get("one", done))).toBeNull()
    await store.close()
  })

  describe("a clock that moves while express-session reads it", () => {
    /** Whatever is done meanwhile finds another millisecond each time that it asks. */
    function whileTimePasses(work: () => void): void {
      const began = Date.now()
      let asked = 0
      const moving = vi.spyOn(Date, "now").mockImplementation(() => began + asked++)
      work()
      moving.mockRestore()
    }

    const opened = async () => {
      const store = new ExpressStore({ store: "memory:" })
      onTestFinished(() => store.close())
      const stored = () => called<SessionData>((done) => store.get("one", done))
      const load = async (): Promise<Session> => store.createSession({ sessionID: "one" } as never, (await stored()) as SessionData)
      const save = (session: unknown) => called((done) => store.set("one", session as never, done))
      await save({ cookie: { originalMaxAge: 60 * MINUTE, expires: new Date(Date.now() + 60 * MINUTE), path: "/", httpOnly: true }, user: "ada" })
      return { store, load, save }
    }

    it("takes nothing from the life that another request gave the session", async () => {
      const { store, load, save } = await opened()
      const [slow, remembered] = [await load(), await load()]
      remembered.cookie.maxAge = 30 * DAY
      await save(Object.assign(remembered, { remembered: true }))
      whileTimePasses(() => slow.touch())
      expect(slow.cookie.originalMaxAge).toBe(60 * MINUTE - 1)
      await save(slow)
      await called((done) => store.touch("one", slow as never, done))
      pass(29 * 24 * 60)
      expect(await load()).toMatchObject({ remembered: true, cookie: { originalMaxAge: 30 * DAY } })
    })

    it("is no change for which a request that only looked would be refused after the sign-out", async () => {
      const { store, load, save } = await opened()
      const first = await load()
      whileTimePasses(() => first.touch())
      await save(Object.assign(first, { visits: 1 }))
      const looking = await load()
      expect(looking.cookie.originalMaxAge).toBe(60 * MINUTE - 1)
      looking.cookie.expires = new Date(Date.now() + 60 * MINUTE)
      await called((done) => store.destroy("one", done))
      await save(looking)
      await expect(save(Object.assign(looking, { visits: 2 }))).rejects.toMatchObject({ code: "ERR_SESSION_ENDED" })
    })
  })

  it("a request that only looked is refused nothing after the sign-out where the application says in each when the session ends", async () => {
    const end = Date.now() + 600 * MINUTE
    const store = new ExpressStore({ store: "memory:" })
    await using application = await expressApplication(store, { resave: true, saveUninitialized: false }, (session) => {
      session.cookie.expires = new Date(end)
    })
    const browser = await signedIn(application)
    const slow = await browser.copy()
    await visits(browser, 1, 1)
    const answering = slow.visit("/slow")
    await held(application)
    await browser.visit("/logout")
    application.gate.open()
    expect(await answering).toEqual({ status: 200, text: "done" })
    await slow.fields()
    expect(application.errors).toEqual([])
  })
})

describe("@fastify/session", () => {
  const open = (): Promise<Application> => fastifyApplication(new FastifyStore({ store: "memory:" }))

  it("a request that is longer than a session's age ends none that others used meanwhile", async () => {
    await using application = await open()
    const browser = await signedIn(application)
    const answering = (await browser.copy()).visit("/slow")
    await held(application)
    await visits(browser, 40, 40)
    application.gate.open()
    expect(await answering).toEqual({ status: 200, text: "done" })
    await visits(browser, 0, 50)
    expect(application.errors).toEqual([])
  })

  it.each(["/slow", "/slow?field=upload&value=done"])("a long request takes nothing from what others gave the session (%s)", async (path) => {
    await using application = await open()
    const browser = await signedIn(application)
    const answering = (await browser.copy()).visit(path)
    await held(application)
    await visits(browser, 50)
    application.gate.open()
    expect(await answering).toEqual({ status: 200, text: "done" })
    await visits(browser, 30)
    expect(application.errors).toEqual([])
  })

  it("a session that is read again after the sign-out is empty, and stays over", async () => {
    await using application = await open()
    const browser = await signedIn(application)
    const slow = await browser.copy()
    const answering = slow.visit("/reload")
    await held(application)
    await browser.visit("/logout")
    application.gate.open()
    expect(await answering).toEqual({ status: 200, text: "done" })
    expect(await slow.fields()).toEqual({})
    expect(application.errors).toEqual([])
  })
})

describe("koa-session", () => {
  const open = (options: KoaOptions = {}, idleTimeout: "1h" | "24h" = "24h"): Promise<Application> =>
    koaApplication(new KoaStore({ store: "memory:", idleTimeout }), options)

  it.each([
    [`/last?ms=${30 * DAY}`, 29 * 24 * 60],
    ["/last", 23 * 60],
  ])("the life that one request gave a session (%s) is not taken by one that was under way", async (path, minutes) => {
    await using application = await open()
    const browser = await signedIn(application)
    const answering = (await browser.copy()).visit("/slow?field=cart&value=lamp")
    await held(application)
    await browser.visit(path)
    application.gate.open()
    expect(await answering).toEqual({ status: 200, text: "done" })
    pass(minutes)
    expect(await browser.fields()).toMatchObject({ user: "ada", cart: "lamp" })
    expect(application.errors).toEqual([])
  })

  it("the use of a session counts where its save has nothing else to add", async () => {
    await using application = await open({ rolling: true })
    const browser = await signedIn(application)
    const slow = await browser.copy()
    const answering = slow.visit("/slow")
    await held(application)
    await visits(browser, 1)
    pass(50)
    application.gate.open()
    await answering
    await visits(slow, 30)
    expect(application.errors).toEqual([])
  })

  it("a session that lasts as long as the browser is open lasts for idleTimeout after its last use", async () => {
    await using application = await open({ maxAge: "session" }, "1h")
    const browser = new Browser(application)
    // Not by the sign-in: after a regenerate in the same request koa-session gives such a session a day.
    await browser.visit("/write?field=user&value=ada")
    await visits(browser, 40, 40, 40)
    pass(61)
    expect(await browser.fields()).toEqual({})
  })
})
