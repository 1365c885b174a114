import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type AttackedApp, startApp } from "./attacked-app.js"
import { type Answer, OWN_PAGE, sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** A cache that many people share, as it stands before applications: it keeps what it may (RFC 9111, 3), and hands it to whoever asks next. */
class SharedCache {
  readonly #kept = new Map<string, Answer>()
  hits = 0

  async send(method: string, path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const key = `${method} ${path}`
    const kept = this.#kept.get(key)
    if (kept !== undefined) {
      this.hits += 1
      return kept
    }
    const answer = await sendRaw(app.url, method, path, { headers })
    // One of a content delivery network goes by what is said to it alone (RFC 9213, 2.2).
    const control = String(answer.headers["cdn-cache-control"] ?? answer.headers["cache-control"] ?? "")
    if (/\b(?:public|max-age)\b/.test(control) && !/\b(?:no-store|private)\b/.test(control)) this.#kept.set(key, answer)
    return answer
  }
}

describe("a cache that people share", () => {
  it("keeps what nobody's session was looked at for, and hands out no page of one user to another", async () => {
    const cache = new SharedCache()
    const [ada, eve] = [new Visitor(app.url), new Visitor(app.url)]
    await ada.signIn("ada")
    await eve.signIn("eve")
    const [asAda, asEve] = [withToken(await ada.token()), withToken(await eve.token())]

    for (const headers of [asAda, asEve, OWN_PAGE]) expect((await cache.send("GET", "/static", headers)).text).toBe("the same for everybody")
    expect(cache.hits).toBe(2)
    // The handler of /me says that its answers are public for an hour, and for longer in content delivery networks.
    expect((await cache.send("GET", "/me", asAda)).json.userId).toBe("ada")
    expect((await cache.send("GET", "/me", asEve)).json.userId).toBe("eve")
    expect((await cache.send("GET", "/me", OWN_PAGE)).json).toBeNull()
    expect((await cache.send("GET", "/private", asAda)).json.userId).toBe("ada")
    expect((await cache.send("GET", "/private", OWN_PAGE)).status).toBe(401)
    expect(cache.hits).toBe(2)
  })

  it("is told so by every answer that a session had to do with, a refusal or a cookie too", async () => {
    const ada = new Visitor(app.url)
    const answers = [
      await ada.signIn("ada"),
      await ada.send("GET", "/me"),
      await ada.send("GET", "/private"),
      await ada.send("GET", "/devices"),
      await ada.send("POST", "/reauthenticate?user=ada"),
      await ada.send("POST", "/sign-out"),
      await ada.send("GET", "/private"),
      await ada.send("POST", "/sign-out", { headers: { origin: "https://evil.example" } }),
    ]
    expect(answers.map(({ headers }) => headers["cache-control"])).toEqual(answers.map(() => "no-store"))
    const plain = await ada.send("GET", "/static")
    expect([plain.headers["cache-control"], plain.setCookies]).toEqual(["public, max-age=3600", []])
    expect(answers.slice(0, 6).map(({ headers }) => headers.vary)).toEqual(answers.slice(0, 6).map(() => "Cookie"))
  })
})
