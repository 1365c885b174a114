import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { leaksIn } from "../leaks/leak-search.js"
import { type AttackedApp, OPEN_TO_ALL, PROTECTED, startApp } from "./attacked-app.js"
import { type Answer, OWN_PAGE, sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
beforeAll(async () => {
  app = await startApp({ storeAddress: "none" })
})
afterAll(() => app.close())

/** One user's way through everything that the application answers, with the secrets that were given out on it. */
async function walk(): Promise<{ readonly answers: readonly Answer[]; readonly secrets: ReadonlyMap<string, string> }> {
  const ada = new Visitor(app.url)
  const secrets = new Map<string, string>()
  const answers: Answer[] = []
  const visit = async (method: string, path: string, json?: unknown): Promise<void> => {
    answers.push(await ada.send(method, path, { json }))
    const token = await ada.token()
    if (token !== "") secrets.set(`the token after ${method} ${path}`, token.slice(27))
  }
  await visit("POST", "/guest", {})
  await visit("POST", "/pending?user=ada")
  await visit("POST", "/sign-in?user=ada&remember=yes")
  await visit("POST", "/note", { theme: "dark" })
  await visit("POST", "/reauthenticate?user=ada")
  await visit("POST", "/reauthenticate?user=eve")
  for (const path of ["/me", "/private", "/devices", "/static", "/nowhere"]) await visit("GET", path)
  await visit("POST", "/note", { constructor: 1 })
  await visit("POST", "/impersonate?user=bob")
  await visit("GET", "/devices")
  await visit("POST", "/sign-out?where=everywhere")
  return { answers, secrets }
}

describe("what leaves the application", () => {
  it("has the token in Set-Cookie alone: in no body, no other header, no list, no refusal", async () => {
    const { answers, secrets } = await walk()
    expect([new Set(secrets.values()).size, answers.filter(({ status }) => status >= 400).length]).toEqual([5, 3])
    for (const { headers, text, setCookies } of answers) {
      const { "set-cookie": _, ...others } = headers
      expect(leaksIn(`${JSON.stringify(others)}\n${text}`, secrets)).toEqual([])
      expect(setCookies.length).toBeLessThanOrEqual(1)
    }
    expect(answers.flatMap(({ setCookies }) => setCookies).filter((line) => leaksIn(line, secrets).length > 0)).toHaveLength(5)
  })

  it("sets one cookie, always with all of its attributes, always within 4096 bytes", async () => {
    const { answers } = await walk()
    const lines = answers.flatMap(({ setCookies }) => setCookies)
    expect(lines).toHaveLength(6)
    for (const line of lines) {
      expect(line).toMatch(/^__Host-Http-sid=[\w.-]*; (?:Max-Age=\d+; )?Path=\/; HttpOnly; Secure; SameSite=Lax$/)
      expect(line.length).toBeLessThan(256)
    }
    // Only "remember me" outlasts the browser; the last one takes the cookie away.
    expect(lines.map((line) => /Max-Age=(\d+)/.exec(line)?.[1] ?? null)).toEqual(
      [null, null, "7776000", "7775999", null, "0"].map((age) => age && expect.any(String)),
    )
    expect(lines.at(-1)).toContain("Max-Age=0")
  })

  it.each(["https://evil.example", "null"])("has no header that lets a page at %s read it", async (origin) => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    const headers = { cookie: withToken(await ada.token()).cookie ?? "", origin, "access-control-request-method": "POST" }
    const answers: Answer[] = []
    for (const [method, path] of [["GET", "/me"], ["OPTIONS", "/note"], ...PROTECTED, ...OPEN_TO_ALL] as const) {
      answers.push(await sendRaw(app.url, method, path, { headers }))
    }
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 403]))
    expect(answers.flatMap((answer) => Object.keys(answer.headers)).filter((name) => name.startsWith("access-control-"))).toEqual([])
  })

  it("has no header that a visitor wrote", async () => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    const break_ = "x\r\nSet-Cookie: sid=planted\r\nX-Planted: yes\n"
    const answer = await ada.send("POST", "/note", { json: { label: break_, "__Host-Http-sid": break_ } })
    expect([answer.status, answer.setCookies, answer.headers["x-planted"]]).toEqual([200, [], undefined])
    const user = await sendRaw(app.url, "POST", `/sign-in?user=${encodeURIComponent(break_)}`, { headers: OWN_PAGE })
    expect(user.headers["x-planted"]).toBeUndefined()
    expect(user.setCookies.join()).not.toContain("planted")
    for (const agent of ["\u0085{}", "a\tb", `Mozilla/5.0 ${"(".repeat(900)}`]) {
      const again = await new Visitor(app.url).send("POST", "/sign-in?user=bea", { headers: { ...OWN_PAGE, "user-agent": agent } })
      expect([again.status, again.setCookies.length]).toEqual([200, 1])
      expect(Object.values(again.json.device).join("")).not.toMatch(/\p{Cc}/u)
    }
  })

  it("tells of a wrong user, a wrong secret and a wrong state of the store nothing but the kind of refusal", async () => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    const refused = [
      await ada.send("POST", "/reauthenticate?user=eve"),
      await ada.send("POST", "/note", { json: { constructor: "a-value-of-mine" } }),
      await sendRaw(app.url, "GET", "/private", { headers: withToken("not-a-token-at-all") }),
    ]
    for (const { text, status } of refused) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(text).not.toMatch(/ada|eve|a-value-of-mine|not-a-token-at-all|redis|127\.0\.0\.1|at \w+ \(|node_modules/i)
    }
  })
})
