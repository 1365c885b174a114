import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { createAuthenticator } from "../../exports/auth.js"
import { type Answer, Browser, ORIGIN } from "./Browser.js"
import { applicationRoutes, MISTAKE, newStage, type Stage, TARGETED } from "./routes.js"
import { startExpress4, startExpress5 } from "./servers/express.js"
import { startFastify } from "./servers/fastify.js"
import { startHono } from "./servers/hono.js"
import { startKoa } from "./servers/koa.js"
import { startNode } from "./servers/node.js"
import type { DoorServer, StartServer } from "./servers/server.js"
import { startWeb } from "./servers/web.js"
import { type WatchedSessions, watchedSessions } from "./watched-sessions.js"

const DOORS: Readonly<Record<string, StartServer>> = {
  "Express 5": startExpress5,
  "Express 4": startExpress4,
  "Fastify 5": startFastify,
  "Koa 3": startKoa,
  "Hono 4": startHono,
  "node:http": startNode,
  "Web requests": startWeb,
}
const COOKIE = "__Host-Http-sid"
const DELETION = `${COOKIE}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`

describe.each(Object.entries(DOORS))("%s", (name, start) => {
  let watched: WatchedSessions
  let server: DoorServer
  let stage: Stage
  let user: string
  const browser = (): Browser => new Browser(server.url)

  beforeAll(async () => {
    watched = await watchedSessions()
    const auth = createAuthenticator({ sessions: watched.sessions, origin: ORIGIN, bearer: true })
    server = await start(
      auth,
      applicationRoutes(() => stage),
    )
  })
  beforeEach(() => {
    stage = newStage()
    watched.away = false
    watched.calls.length = 0
    server.errors.splice(0)
    user = randomUUID()
  })
  afterAll(async () => {
    await server.close()
    await watched.close()
  })

  describe("who is let in", () => {
    it.each(["/me", "/guarded"])("%s: nobody without a session, which is told as a problem and not kept by caches", async (path) => {
      const { status, header, json, setCookies } = await browser().get(path)
      expect({ status, challenge: header("www-authenticate"), type: header("content-type"), cache: header("cache-control"), setCookies }).toEqual({
        status: 401,
        challenge: "Bearer",
        type: expect.stringMatching(/^application\/problem\+json/),
        cache: "no-store",
        setCookies: [],
      })
      expect(json).toMatchObject({ status: 401, code: "ERR_NOT_AUTHENTICATED" })
      expect(server.errors).toEqual([])
    })

    it("signs in with a cookie that only HTTPS and this host get, and lets its holder in", async () => {
      const ada = browser()
      const { status, setCookies, text } = await ada.post("/sign-in", { userId: user })
      expect(status).toBe(200)
      expect(setCookies).toEqual([expect.stringMatching(/^__Host-Http-sid=[\w.-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)])
      expect(text).not.toContain(await ada.token())
      for (const path of ["/me", "/guarded"]) {
        const me = await ada.get(path)
        expect(me.json).toMatchObject({ userId: user, version: 1, device: { label: "Firefox on Windows", ip: "127.0.0.1" } })
        expect(me.text).not.toContain(await ada.token())
      }
    })

    it("remembers who asks for it, by a cookie that outlasts the browser", async () => {
      const { setCookies } = await browser().post("/sign-in", { userId: user, remember: true })
      expect(setCookies).toEqual([expect.stringContaining("; Max-Age=7776000;")])
    })

    it.each(["/theme", "/guarded-theme"])("%s: changes attributes, for the next request too", async (path) => {
      const ada = await browser().signedIn(user)
      expect((await ada.post(path, { theme: "dark" })).json).toMatchObject({ version: 2, attributes: { theme: "dark" } })
      expect((await ada.get("/me")).json).toMatchObject({ version: 2, attributes: { theme: "dark" } })
    })

    it.each(["/theme-later", "/guarded-theme-later"])("%s: answers 401 when the session ends while the handler is at work", async (path) => {
      const ada = await browser().signedIn(user)
      const slow = ada.post(path)
      await expect.poll(() => stage.waiting).toBe(1)
      await watched.sessions.deleteUserSessions(user)
      stage.open()
      const { status, json, header } = await slow
      expect({ status, code: json?.code, language: header("content-language") }).toEqual({ status: 401, code: "ERR_SESSION_ENDED", language: undefined })
      if (name !== "Hono 4") expect(server.errors).toEqual([])
    })

    it("does not count a request as activity where the route says so", async () => {
      const ada = await browser().signedIn(user)
      const { lastAccessedAt } = (await ada.get("/me")).json
      watched.clock.advance("5m")
      expect((await ada.get("/seen")).json.lastAccessedAt).toBe(lastAccessedAt)
      expect((await ada.get("/me")).json.lastAccessedAt).not.toBe(lastAccessedAt)
    })
  })

  describe("signing out", () => {
    it("here: the cookie goes, and what it held opens nothing", async () => {
      const ada = await browser().signedIn(user)
      const cookie = `${COOKIE}=${await ada.token()}`
      const { json, setCookies } = await ada.post("/sign-out")
      expect({ json, setCookies }).toEqual({ json: { ended: 1 }, setCookies: [DELETION] })
      expect(await ada.token()).toBeUndefined()
      expect((await browser().get("/me", { headers: { cookie } })).status).toBe(401)
    })

    it("elsewhere: all others are signed out, and this one stays", async () => {
      const [laptop, phone] = [await browser().signedIn(user), await browser().signedIn(user)]
      expect((await laptop.get("/devices")).json).toHaveLength(2)
      expect((await laptop.post("/sign-out", { where: "elsewhere" })).json).toEqual({ ended: 1 })
      expect((await laptop.get("/me")).status).toBe(200)
      expect((await phone.get("/me")).status).toBe(401)
    })

    it("everywhere: all are signed out", async () => {
      const [laptop, phone] = [await browser().signedIn(user), await browser().signedIn(user)]
      expect((await laptop.post("/sign-out", { where: "everywhere" })).json).toEqual({ ended: 2 })
      for (const device of [laptop, phone]) expect((await device.get("/me")).status).toBe(401)
    })
  })

  describe("what comes before and after signing in", () => {
    it("carries a guest's cart over into another session, and ends the guest's", async () => {
      const shopper = browser()
      await shopper.post("/cart", { item: "tea" })
      expect((await shopper.post("/cart", { item: "milk" })).json).toMatchObject({ userId: null, attributes: { cart: ["tea", "milk"] } })
      expect((await shopper.get("/me")).status).toBe(401)
      const guest = await shopper.token()
      expect((await shopper.post("/sign-in", { userId: user })).json).toMatchObject({ userId: user, attributes: { cart: ["tea", "milk"] } })
      expect(await shopper.token()).not.toBe(guest)
      expect((await browser().get("/who", { headers: { cookie: `${COOKIE}=${guest}` } })).json).toBeNull()
    })

    it("lets nobody in whose second factor is still owed", async () => {
      const ada = browser()
      expect((await ada.post("/password", { userId: user })).json).toMatchObject({ userId: null, pendingUserId: user })
      expect((await ada.get("/me")).status).toBe(401)
      await ada.signedIn(user)
      expect((await ada.get("/me")).json).toMatchObject({ userId: user, pendingUserId: null })
    })

    it.each(["/vault", "/guarded-vault"])("%s: asks for a recent proof as RFC 9470 has it, and takes one", async (path) => {
      const ada = await browser().signedIn(user)
      expect((await ada.get(path)).status).toBe(200)
      watched.clock.advance("6m")
      const { status, header } = await ada.get(path)
      expect({ status, challenge: header("www-authenticate") }).toEqual({
        status: 401,
        challenge: 'Bearer error="insufficient_user_authentication", max_age="300"',
      })
      const before = `${COOKIE}=${await ada.token()}`
      expect((await ada.post("/prove", { userId: "somebody else" })).status).toBe(403)
      expect((await ada.post("/prove")).status).toBe(200)
      expect((await ada.get(path)).json).toBe("gold")
      expect((await browser().get("/me", { headers: { cookie: before } })).status).toBe(401)
    })

    it("shows who acts in a user's name, and lets them neither step up nor sign others out", async () => {
      const [admin, ada] = [await browser().signedIn(`admin-${user}`), await browser().signedIn(user)]
      expect((await admin.post("/impersonate", { userId: user })).json).toMatchObject({ userId: user, impersonatorId: `admin-${user}`, authenticatedAt: null })
      expect((await admin.get("/me")).json).toMatchObject({ userId: user, impersonatorId: `admin-${user}` })
      expect((await admin.get("/vault")).status).toBe(401)
      expect((await admin.post("/prove")).status).toBe(403)
      expect((await admin.post("/sign-out", { where: "everywhere" })).json).toEqual({ ended: 1 })
      expect((await ada.get("/me")).status).toBe(200)
    })
  })

  describe("requests from elsewhere", () => {
    const CROSS = "https://evil.example"
    it.each([
      ["same-origin", undefined, 200],
      ["none", undefined, 200],
      ["same-site", undefined, 403],
      ["cross-site", undefined, 403],
      ["cross-site", CROSS, 403],
      [undefined, CROSS, 403],
      [undefined, "null", 403],
      [undefined, undefined, 403],
      [undefined, ORIGIN, 200],
      ["same-site", ORIGIN, 200],
      [undefined, `${ORIGIN}.evil.example`, 403],
      ["same-origin", CROSS, 403],
    ])("with Sec-Fetch-Site %s and Origin %s get %i, with a session or without", async (site, origin, expected) => {
      const headers = { "sec-fetch-site": site, origin } as unknown as Record<string, string>
      const ada = await browser().signedIn(user)
      for (const path of ["/theme", "/guarded-theme"]) expect((await ada.post(path, { theme: "x" }, { headers })).status).toBe(expected)
      const stranger = browser()
      expect((await stranger.post("/sign-in", { userId: user }, { headers })).status).toBe(expected)
      expect((await stranger.token()) === undefined).toBe(expected === 403)
    })

    const elsewhere = { headers: { "sec-fetch-site": "cross-site" } }

    it("may read, but signing in is checked on any method", async () => {
      const ada = await browser().signedIn(user)
      expect((await ada.get("/me", elsewhere)).status).toBe(200)
      expect((await browser().get("/sign-in", elsewhere)).status).toBe(403)
      expect((await browser().get("/sign-in")).status).toBe(200)
    })

    it("pass where the route proves them by other means, and with nothing but a bearer token", async () => {
      expect((await browser().post("/callback", { userId: user }, elsewhere)).status).toBe(200)
      const authorization = `Bearer ${await (await browser().signedIn(user)).token()}`
      expect((await browser().post("/theme", { theme: "x" }, { headers: { ...elsewhere.headers, authorization } })).status).toBe(200)
    })

    it("touch no store when they are refused", async () => {
      const ada = await browser().signedIn(user)
      watched.calls.length = 0
      for (const path of ["/theme", "/guarded-theme", "/sign-in"]) expect((await ada.post(path, {}, elsewhere)).status).toBe(403)
      expect(watched.calls).toEqual([])
    })

    it("of OPTIONS are answered by the route", async () => {
      expect((await browser().send("OPTIONS", "/me", { headers: { origin: CROSS, "sec-fetch-site": "cross-site" } })).status).toBe(204)
    })
  })

  describe("two answers to who a request is from", () => {
    const refused = ({ status, json }: Answer): unknown => ({ status, code: json?.code })

    it.each(["/me", "/guarded", "/who"])("%s: two cookies of one name are refused, in one header or in two", async (path) => {
      const token = await (await browser().signedIn(user)).token()
      watched.calls.length = 0
      for (const cookie of [`${COOKIE}=${token}; ${COOKIE}=other`, [`${COOKIE}=${token}`, `${COOKIE}=other`]]) {
        const answer = await browser().get(path, { headers: { cookie } })
        expect(refused(answer)).toEqual({ status: 400, code: "ERR_REQUEST_AMBIGUOUS" })
      }
      expect(watched.calls).toEqual([])
    })

    it.each(["/me", "/guarded", "/who"])("%s: a cookie beside a bearer token is refused, and so are two tokens", async (path) => {
      const ada = await browser().signedIn(user)
      const authorization = `Bearer ${await ada.token()}`
      watched.calls.length = 0
      expect(refused(await ada.get(path, { headers: { authorization } }))).toEqual({ status: 400, code: "ERR_REQUEST_AMBIGUOUS" })
      const twice = await browser().get(path, { headers: { authorization: [authorization, authorization] } })
      expect(refused(twice)).toEqual({ status: 400, code: "ERR_REQUEST_AMBIGUOUS" })
      expect(watched.calls).toEqual([])
      expect((await browser().get(path, { headers: { authorization } })).json).toMatchObject({ userId: user })
    })
  })

  describe("the head of an answer", () => {
    const caching = ({ header }: Answer): unknown => ({
      cache: header("cache-control"),
      vary: header("vary")?.split(", "),
      targeted: TARGETED.filter((name) => header(name.toLowerCase()) !== undefined),
    })

    it.each(["/cacheable", "/stream"])("%s: is never kept by caches where the session was looked at, whatever the handler says", async (path) => {
      const ada = await browser().signedIn(user)
      const answer = await ada.get(path)
      expect(caching(answer)).toEqual({ cache: "no-store", vary: ["Accept-Encoding", "Cookie"], targeted: [] })
      expect(answer.text).toMatch(/cacheable|^one two$/)
    })

    it("is the handler's own where nobody looked, and no store was asked", async () => {
      const ada = await browser().signedIn(user)
      watched.calls.length = 0
      expect(caching(await ada.get("/cacheable-open"))).toEqual({
        cache: "public, max-age=3600",
        vary: ["Accept-Encoding"],
        targeted: TARGETED,
      })
      const { header, setCookies } = await ada.get("/open")
      expect([header("cache-control"), header("vary"), setCookies]).toEqual([undefined, undefined, []])
      expect(watched.calls).toEqual([])
    })

    it("has one cookie of the session, beside the handler's own, when it was set twice", async () => {
      const ada = browser()
      const { setCookies, json } = await ada.post("/sign-in-twice", { userId: user })
      expect(setCookies).toEqual(["theme=light; Path=/", expect.stringMatching(/^__Host-Http-sid=/)])
      expect((await ada.get("/me")).json.sessionId).toBe(json.sessionId)
      expect((await watched.sessions.getUserSessions(user)).sessions).toHaveLength(1)
    })

    it("is the same for HEAD", async () => {
      const ada = await browser().signedIn(user)
      const answer = await ada.send("HEAD", "/cacheable")
      expect({ status: answer.status, text: answer.text, ...(caching(answer) as object) }).toEqual({
        status: 200,
        text: "",
        cache: "no-store",
        vary: ["Accept-Encoding", "Cookie"],
        targeted: [],
      })
      const refused = await browser().send("HEAD", "/me")
      expect({ status: refused.status, text: refused.text }).toEqual({ status: 401, text: "" })
    })

    it("is not there any more: signing in rejects, and nothing was made", async () => {
      const { text, setCookies } = await browser().post("/sign-in-late", {}, { onHead: () => stage.open() })
      expect({ text, setCookies }).toEqual({ text: "begun ERR_ANSWER_SENT", setCookies: [] })
      expect(watched.calls).toEqual([])
    })
  })

  describe("when something fails", () => {
    it.each(["/me", "/guarded", "/who"])("%s: a store that is away is a 503 that signs nobody out", async (path) => {
      const ada = await browser().signedIn(user)
      watched.away = true
      const { status, json, header, setCookies } = await ada.get(path)
      expect({ status, code: json?.code, retry: header("retry-after"), cache: header("cache-control"), setCookies }).toEqual({
        status: 503,
        code: "ERR_STORE_UNAVAILABLE",
        retry: "1",
        cache: "no-store",
        setCookies: [],
      })
      watched.away = false
      expect((await ada.get(path)).json).toMatchObject({ userId: user })
    })

    it("a sign-in that the store did not answer sets no cookie", async () => {
      watched.away = true
      const { status, setCookies } = await browser().post("/sign-in", { userId: user })
      expect({ status, setCookies }).toEqual({ status: 503, setCookies: [] })
    })

    it("an error of this library that a handler passes on is answered", async () => {
      expect((await browser().get("/overload")).status).toBe(503)
    })

    it.each(["/mistake", "/guarded-mistake"])("%s: a handler's own mistake goes to the framework, which answers 500", async (path) => {
      const ada = await browser().signedIn(user)
      expect((await ada.get(path)).status).toBe(500)
      expect(server.errors).toEqual([MISTAKE])
      expect((await ada.get("/me")).status).toBe(200)
    })
  })
})
