import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type AttackedApp, OPEN_TO_ALL, ORIGIN, PROTECTED, startApp } from "./attacked-app.js"
import { OWN_PAGE, sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
beforeAll(async () => {
  app = await startApp({ bearer: true })
})
afterAll(() => app.close())

const EVIL = "https://evil.example"
/** What a browser says of requests that pages elsewhere made it send, or that it says nothing of. */
const FORGED: readonly Readonly<Record<string, string>>[] = [
  { "sec-fetch-site": "cross-site", origin: EVIL },
  { "sec-fetch-site": "same-site", origin: "https://neighbour.app.example" },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { origin: EVIL },
  { origin: "null" },
  { "sec-fetch-site": "cross-site", origin: "null" },
  { origin: `${ORIGIN}.evil.example` },
  { origin: `${ORIGIN}:8443` },
  { origin: ORIGIN.replace("https", "http") },
  { origin: `${ORIGIN}/` },
  { origin: EVIL, host: "app.example", "x-forwarded-host": "app.example", referer: `${ORIGIN}/` },
  { "sec-fetch-site": "same-origin", origin: EVIL },
  { "sec-fetch-site": "none", origin: EVIL },
  { "sec-fetch-site": "SAME-ORIGIN", origin: EVIL },
  { "sec-fetch-site": "SAME-ORIGIN", origin: ORIGIN },
  { "sec-fetch-site": "same-origin, none", origin: EVIL },
  { "sec-fetch-site": "" },
  {},
]
const OWN: readonly Readonly<Record<string, string>>[] = [
  { "sec-fetch-site": "same-origin", origin: ORIGIN },
  { "sec-fetch-site": "same-origin" },
  { "sec-fetch-site": "none" },
  { "sec-fetch-site": "same-origin", origin: "null" },
  { origin: ORIGIN },
]
const CHANGES = [...PROTECTED.filter(([method]) => method !== "GET"), ...OPEN_TO_ALL]

async function signedIn(): Promise<{ readonly token: string; readonly cookie: string; readonly sessionId: string }> {
  const ada = new Visitor(app.url)
  const { sessionId } = (await ada.signIn("ada")).json
  const token = await ada.token()
  return { token, cookie: withToken(token).cookie ?? "", sessionId }
}

describe("a request that another site made the browser send", () => {
  it.each(CHANGES)("%s %s is 403 with a cookie or without, and changes nothing", async (method, path) => {
    const { token, cookie, sessionId } = await signedIn()
    const before = await app.sessions.getSession(token, { touch: false })
    for (const headers of FORGED) {
      for (const all of [headers, { ...headers, cookie }]) {
        const answer = await sendRaw(app.url, method, path, { headers: all, ...(path === "/note" && { json: { forged: true } }) })
        expect([all, answer.status, answer.json.code, answer.setCookies]).toEqual([all, 403, "ERR_REQUEST_FORGED", []])
      }
    }
    expect(await app.sessions.getSession(token, { touch: false })).toEqual(before)
    expect((await app.sessions.getUserSessions("mallory")).sessions).toEqual([])
    await app.sessions.deleteUserSession("ada", sessionId)
  })

  it.each(CHANGES)("%s %s is let in from the application's own page", async (method, path) => {
    for (const headers of OWN) {
      const { cookie } = await signedIn()
      const answer = await sendRaw(app.url, method, path, { headers: { ...headers, cookie }, ...(path === "/note" && { json: { own: true } }) })
      expect([headers, answer.json.code === "ERR_REQUEST_FORGED"]).toEqual([headers, false])
    }
    await app.sessions.deleteUserSessions("mallory")
  })

  it.each(["/sign-in?user=mallory", "/sign-out", "/sign-out?where=everywhere"])("GET %s is 403 too, and changes nothing", async (path) => {
    const { token, cookie } = await signedIn()
    for (const headers of FORGED) {
      const answer = await sendRaw(app.url, "GET", path, { headers: { ...headers, cookie } })
      expect([headers, answer.status, answer.setCookies]).toEqual([headers, 403, []])
    }
    expect((await app.sessions.getSession(token))?.userId).toBe("ada")
    expect((await app.sessions.getUserSessions("mallory")).sessions).toEqual([])
  })

  it("is told by where it came from, not by the method it names in a header", async () => {
    const { token, cookie } = await signedIn()
    const headers = { cookie, origin: EVIL, "x-http-method-override": "GET", "x-requested-with": "XMLHttpRequest" }
    expect((await sendRaw(app.url, "DELETE", "/account", { headers })).status).toBe(403)
    expect(await app.sessions.getSession(token)).not.toBeNull()
  })
})

describe("a client with nothing but a bearer token", () => {
  it("need not say where it is; with a cookie beside it, it must, and is refused all the same", async () => {
    const { token, cookie } = await signedIn()
    const authorization = `Bearer ${token}`
    expect((await sendRaw(app.url, "POST", "/note", { headers: { authorization }, json: { by: "script" } })).status).toBe(200)
    for (const headers of [
      { authorization, cookie, ...OWN_PAGE },
      { authorization, cookie, origin: EVIL },
    ]) {
      const answer = await sendRaw(app.url, "POST", "/note", { headers, json: { by: "script" } })
      expect([answer.status, answer.json.code]).toEqual([400, "ERR_REQUEST_AMBIGUOUS"])
    }
  })

  it("is not signed in by a cookie that a page planted: a token that opens nothing is no way past the check for a cookie", async () => {
    const { cookie } = await signedIn()
    const answer = await sendRaw(app.url, "POST", "/sign-out", { headers: { authorization: "Bearer nothing", cookie, origin: EVIL } })
    expect(answer.status).toBe(400)
  })
})
