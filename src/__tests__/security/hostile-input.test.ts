import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sharedServer } from "../support/servers.js"
import { type RawClient, rawClient } from "../support/services-under-watch.js"
import { type AttackedApp, startApp } from "./attacked-app.js"
import { OWN_PAGE, sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
let raw: RawClient
beforeAll(async () => {
  app = await startApp()
  raw = await rawClient(sharedServer("redis").url)
})
afterAll(async () => {
  await app.close()
  raw.close()
})

const keys = (): Promise<readonly string[]> => raw.keys(`${app.keyPrefix}*`)

describe("attributes that a visitor sends", () => {
  it.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"constructor":{"prototype":{"isAdmin":true}}}',
    '{"prototype":{"isAdmin":true}}',
    '{"a":{"b":[{"__proto__":{"isAdmin":true}}]}}',
    '{"a":[[{"constructor":{"prototype":{"isAdmin":true}}}]]}',
    '{"\\u005f_proto__":{"isAdmin":true}}',
  ])("%s reach no prototype and are not stored", async (json) => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    await ada.send("POST", "/note", { json: { theme: "dark" } })
    expect((await ada.send("POST", "/note", { json })).status).toBe(400)
    expect((await ada.send("GET", "/me")).json.attributes).toEqual({ theme: "dark" })
    expect("isAdmin" in {}).toBe(false)
  })

  it("are attributes whatever they are called: nobody becomes another user, recent, or an administrator", async () => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada", "&ago=600000")
    const fields = { userId: "root", impersonatorId: null, authenticatedAt: new Date(), version: 99, sessionId: "x", pendingUserId: "root", persistent: true }
    const answer = await ada.send("POST", "/note", { json: fields })
    expect([answer.status, answer.json.userId, answer.json.version]).toEqual([200, "ada", 2])
    expect((await ada.send("GET", "/private")).json).toEqual({ userId: "ada", impersonatorId: null })
    expect((await ada.send("POST", "/password")).status).toBe(401)
  })

  it("beyond their bounds are refused, and what was there stays", async () => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    const deep = (levels: number): unknown => (levels === 0 ? 1 : { a: deep(levels - 1) })
    expect((await ada.send("POST", "/note", { json: { big: "x".repeat(65_536) } })).status).toBe(413)
    expect((await ada.send("POST", "/note", { json: deep(33) })).status).toBe(400)
    expect((await ada.send("POST", "/note", { json: { many: Array.from({ length: 20_001 }, () => 0) } })).status).toBe(400)
    expect((await ada.send("GET", "/me")).json).toMatchObject({ version: 1, attributes: {} })
  })
})

describe("user ids that mean something to programs", () => {
  it.each(["__proto__", "constructor", "*", "a:b{c}", "../../etc", "ada\u0000", "null", "undefined", "%2e%2e", "üñí", "a".repeat(512)])(
    "%j is a user like any other, or refused",
    async (userId) => {
      const visitor = new Visitor(app.url)
      const { status, json } = await visitor.send("POST", `/sign-in?user=${encodeURIComponent(userId)}`)
      // What is no user id is refused; what is one is taken as it is.
      expect([200, 400]).toContain(status)
      if (status === 400) return
      expect(json.userId).toBe(userId)
      expect((await visitor.send("GET", "/private")).json.userId).toBe(userId)
      expect((await visitor.send("GET", "/devices")).json).toHaveLength(1)
      expect((await keys()).filter((key) => !/^[\w:{}.-]+$/.test(key))).toEqual([])
    },
  )
})

describe("visitors without a session", () => {
  it("1000 of them leave no key in the store and get no cookie", async () => {
    const before = await keys()
    for (let batch = 0; batch < 10; batch += 1) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_unused, n) => sendRaw(app.url, "GET", ["/me", "/private", "/devices", "/static"][n % 4] ?? "/", { headers: OWN_PAGE })),
      )
      expect(answers.flatMap(({ setCookies }) => setCookies)).toEqual([])
    }
    expect(await keys()).toEqual(expect.arrayContaining([...before]))
    expect((await keys()).length).toBe(before.length)
  })

  it("with a cookie header beyond its bound, or of a thousand cookies, are refused or strangers, and at once", async () => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    const { cookie = "" } = withToken(await ada.token())
    const many = Array.from({ length: 600 }, (_unused, n) => `c${n}=${n}`).join("; ")
    expect((await sendRaw(app.url, "GET", "/private", { headers: { cookie: `${many}; ${cookie}` } })).status).toBe(200)
    // Node itself refuses more than 16 KiB of headers: 431.
    expect([400, 431]).toContain((await sendRaw(app.url, "GET", "/private", { headers: { cookie: `${cookie}; big=${"x".repeat(16_384)}` } })).status)
    expect((await sendRaw(app.url, "GET", "/private", { headers: withToken("A".repeat(8_000)) })).status).toBe(401)
  })

  it.each([
    "*",
    "abc.*",
    "session:{abc}.x",
    "\u00e9",
    "a%00b",
    "a".repeat(70),
    `${"A".repeat(3)}.${"A".repeat(22)}.${"A".repeat(43)}=`,
    "0x1.0x2",
    "[object Object]",
  ])("with the token %j are strangers", async (token) => {
    const answer = await sendRaw(app.url, "GET", "/private", { headers: withToken(token) })
    expect([answer.status, answer.setCookies]).toEqual([401, []])
  })
})
