import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sharedServer } from "../support/servers.js"
import { type RawClient, rawClient, sessionKeyOf } from "../support/services-under-watch.js"
import { type AttackedApp, startApp } from "./attacked-app.js"
import { sendRaw, Visitor, withToken } from "./visitor.js"

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

const visitor = (): Visitor => new Visitor(app.url)
const as = (token: string, method: string, path: string) => sendRaw(app.url, method, path, { headers: withToken(token) })

describe("a session from before the sign-in", () => {
  it("is not the user's: another handle, another secret, and the old one opens nothing", async () => {
    const victim = visitor()
    const guest = (await victim.send("POST", "/guest", { json: { cart: ["coat"], role: "admin" } })).json
    const planted = await victim.token()
    const user = (await victim.signIn("ada")).json
    const issued = await victim.token()

    expect([user.sessionId === guest.sessionId, issued === planted]).toEqual([false, false])
    expect((await as(planted, "GET", "/private")).status).toBe(401)
    expect((await as(planted, "GET", "/me")).json).toBeNull()
    expect((await victim.send("GET", "/private")).json.userId).toBe("ada")
    // What the guest may take along is what the application lists.
    expect(user.attributes).toEqual({ cart: ["coat"] })
  })

  it("never becomes the user's for requests that run beside the sign-in", async () => {
    for (let round = 0; round < 20; round += 1) {
      const victim = visitor()
      await victim.send("POST", "/guest", { json: {} })
      const planted = await victim.token()
      const [, ...seen] = await Promise.all([victim.signIn("ada"), ...Array.from({ length: 10 }, () => as(planted, "GET", "/private"))])
      expect(seen.map(({ status }) => status)).toEqual(seen.map(() => 401))
      expect((await as(planted, "GET", "/private")).status).toBe(401)
      expect((await victim.send("GET", "/private")).status).toBe(200)
    }
  })

  it("of another user ends, and leaves the next one nothing", async () => {
    const browser = visitor()
    await browser.signIn("ada")
    await browser.send("POST", "/note", { json: { cart: ["ring"], secret: "of ada" } })
    const before = await browser.token()
    const user = (await browser.signIn("eve")).json
    expect([user.userId, user.attributes]).toEqual(["eve", {}])
    expect((await as(before, "GET", "/private")).status).toBe(401)
  })
})

describe("a token that somebody made up", () => {
  const madeUp = (): string => `abc.${randomBytes(16).toString("base64url")}.${randomBytes(32).toString("base64url")}`

  it("is no session, makes none, and is not answered with a cookie", async () => {
    const token = madeUp()
    const answer = await as(token, "GET", "/me")
    expect([answer.status, answer.json, answer.setCookies]).toEqual([200, null, []])
    expect((await as(token, "GET", "/private")).status).toBe(401)
    expect(await raw.send("EXISTS", sessionKeyOf(app.keyPrefix, token.slice(0, 26)))).toBe(0)
  })

  it("is not taken over by a sign-in", async () => {
    const token = madeUp()
    const answer = await as(token, "POST", "/sign-in?user=ada")
    expect(answer.status).toBe(200)
    const [line = ""] = answer.setCookies
    expect(line).toMatch(/^__Host-Http-sid=/)
    expect(line).not.toContain(token.slice(4, 26))
    expect((await as(token, "GET", "/private")).status).toBe(401)
  })
})
