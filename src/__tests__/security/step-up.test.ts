import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type AttackedApp, PROTECTED, startApp } from "./attacked-app.js"
import { sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const TEN_MINUTES_AGO = "&ago=600000"
const RECENT_ONLY = [
  ["POST", "/password"],
  ["DELETE", "/account"],
] as const

async function signedIn(user: string, query = ""): Promise<Visitor> {
  const visitor = new Visitor(app.url)
  expect((await visitor.signIn(user, query)).status).toBe(200)
  return visitor
}

describe("what asks for a recent proof", () => {
  it.each(RECENT_ONLY)("%s %s lets nobody in whose proof is older, and says so as RFC 9470 does; after a new one it does", async (method, path) => {
    const ada = await signedIn("ada", TEN_MINUTES_AGO)
    const refused = await ada.send(method, path)
    expect([refused.status, refused.json.code]).toEqual([401, "ERR_REAUTHENTICATION_NEEDED"])
    expect(refused.headers["www-authenticate"]).toBe('Bearer error="insufficient_user_authentication", max_age="300"')
    expect(refused.setCookies).toEqual([])
    expect((await ada.send("GET", "/private")).status).toBe(200)

    expect((await ada.send("POST", "/reauthenticate?user=ada")).status).toBe(200)
    expect((await ada.send(method, path)).status).toBe(200)
  })

  it("is not moved by use: a session that is used all the time is no more recent for it", async () => {
    const ada = await signedIn("ada", TEN_MINUTES_AGO)
    for (let n = 0; n < 5; n += 1) await ada.send("POST", "/note", { json: { n } })
    expect((await ada.send("POST", "/password")).status).toBe(401)
  })
})

describe("a new proof", () => {
  it("gives a new secret, and the one before opens nothing from that moment on", async () => {
    const ada = await signedIn("ada", TEN_MINUTES_AGO)
    const before = await ada.token()
    const beside = Array.from({ length: 20 }, () => sendRaw(app.url, "POST", "/password", { headers: withToken(before) }))
    expect((await ada.send("POST", "/reauthenticate?user=ada")).status).toBe(200)
    const after = await Promise.all(Array.from({ length: 20 }, () => sendRaw(app.url, "GET", "/private", { headers: withToken(before) })))
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([401]))
    // Nor did the old one ever get what only the new one may.
    expect((await Promise.all(beside)).filter(({ status }) => status !== 401)).toEqual([])
    expect(await ada.token()).not.toBe(before)
    expect((await ada.send("GET", "/private")).status).toBe(200)
  })

  it("is none for another user, for a guest, for nobody, and while a factor is owed", async () => {
    const ada = await signedIn("ada", TEN_MINUTES_AGO)
    const guest = new Visitor(app.url)
    await guest.send("POST", "/guest", { json: {} })
    const pending = new Visitor(app.url)
    await pending.send("POST", "/pending?user=ada")
    const statuses = [
      (await ada.send("POST", "/reauthenticate?user=eve")).status,
      (await guest.send("POST", "/reauthenticate?user=ada")).status,
      (await new Visitor(app.url).send("POST", "/reauthenticate?user=ada")).status,
      (await pending.send("POST", "/reauthenticate?user=ada")).status,
    ]
    expect(statuses).toEqual([403, 403, 401, 403])
    for (const visitor of [ada, guest, pending]) expect((await visitor.send("POST", "/password")).status).toBe(401)
  })
})

describe("a session that waits for a second factor", () => {
  it.each(PROTECTED)("does not open %s %s", async (method, path) => {
    const visitor = new Visitor(app.url)
    expect((await visitor.send("POST", "/pending?user=ada")).json).toMatchObject({ userId: null, pendingUserId: "ada" })
    const answer = await visitor.send(method, path)
    expect([answer.status, answer.json.code]).toEqual([401, "ERR_NOT_AUTHENTICATED"])
  })

  it("ends when its user is signed in, and is not carried over to another one", async () => {
    for (const [user, kept] of [
      ["ada", true],
      ["eve", false],
    ] as const) {
      const visitor = new Visitor(app.url)
      await visitor.send("POST", "/guest", { json: { cart: ["coat"] } })
      await visitor.send("POST", "/pending?user=ada")
      const before = await visitor.token()
      expect((await visitor.signIn(user)).json.attributes).toEqual(kept ? { cart: ["coat"] } : {})
      expect((await sendRaw(app.url, "GET", "/me", { headers: withToken(before) })).json).toBeNull()
    }
  })
})

describe("a list of devices", () => {
  it("shows a user's own sessions, the current one marked, and nothing that opens one", async () => {
    const [laptop, phone] = [await signedIn("lia"), await signedIn("lia")]
    const devices = (await laptop.send("GET", "/devices")).json
    expect(devices.map(({ current }: { current: boolean }) => current)).toEqual([false, true])
    for (const { sessionId } of devices) expect((await sendRaw(app.url, "GET", "/private", { headers: withToken(sessionId) })).status).toBe(401)
    expect(JSON.stringify(devices)).not.toContain((await phone.token()).slice(27))
  })

  it("ends nobody else's session: a stranger's handle is as unknown as one that never was", async () => {
    const [ada, eve] = [await signedIn("ada"), await signedIn("eve")]
    const { sessionId } = (await ada.send("GET", "/me")).json
    const never = `abc.${"A".repeat(22)}`
    const answers = [await eve.send("POST", `/sign-out?sessionId=${sessionId}`), await eve.send("POST", `/sign-out?sessionId=${never}`)]
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, '{"ended":0}'],
      [200, '{"ended":0}'],
    ])
    expect((await ada.send("GET", "/private")).status).toBe(200)
  })
})
