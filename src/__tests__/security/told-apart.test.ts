import { randomBytes } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { measure } from "./answer-times.js"
import { type AttackedApp, startApp } from "./attacked-app.js"
import { type Answer, sendRaw, Visitor, withToken } from "./visitor.js"

const TURNS = 300

let app: AttackedApp
let token: string
beforeAll(async () => {
  app = await startApp({ bearer: true })
  const ada = new Visitor(app.url)
  await ada.signIn("ada")
  token = await ada.token()
})
afterAll(() => app.close())

/** Another letter in one place: a token by its form, unless it is the last one, whose unused bits have to be zero. */
function changedAt(place: number): string {
  const at = place < 0 ? token.length + place : place
  return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`
}

function wrongTokens(): Readonly<Record<string, string>> {
  const handle = token.slice(0, 26)
  return {
    "a secret that is wrong from its first letter": changedAt(27),
    "a secret that is wrong in its last but one letter": changedAt(-2),
    "any secret for a handle that is there": `${handle}.${randomBytes(32).toString("base64url")}`,
    "a handle that never was": `${token.slice(0, 3)}.${randomBytes(16).toString("base64url")}${token.slice(26)}`,
    "a text that is no token": "not-a-token",
    "a token that is too long by one letter": `${token}A`,
  }
}

/** Everything that whoever asked can see, but for the moment. */
function seen({ status, headers, text }: Answer): unknown {
  return { status, headers: { ...headers, date: "" }, text }
}

describe("a wrong secret, an unknown handle and a text that is no token", () => {
  it.each([
    ["cookie", "GET", "/private"],
    ["cookie", "GET", "/me"],
    ["cookie", "POST", "/note"],
    ["cookie", "GET", "/devices"],
    ["bearer", "GET", "/private"],
    ["bearer", "POST", "/note"],
  ])("as a %s, get one and the same answer to %s %s", async (way, method, path) => {
    const headersWith = (wrong: string): Record<string, string> => (way === "bearer" ? { authorization: `Bearer ${wrong}` } : withToken(wrong))
    const answers = await Promise.all(Object.values(wrongTokens()).map((wrong) => sendRaw(app.url, method, path, { headers: headersWith(wrong) })))
    const right = await sendRaw(app.url, method, path, { headers: headersWith(token), ...(method === "POST" && { json: {} }) })
    for (const answer of answers) expect(seen(answer)).toEqual(seen(answers[0] as Answer))
    expect(seen(right)).not.toEqual(seen(answers[0] as Answer))
  })

  it("take the time that is measured here, and judged nowhere", { timeout: 120_000 }, async ({ task }) => {
    const kinds = Object.entries(wrongTokens()).map(
      ([what, wrong]) => [what, () => sendRaw(app.url, "GET", "/private", { headers: withToken(wrong) })] as const,
    )
    const times = await measure(Object.fromEntries(kinds), TURNS)
    expect(times.filter(({ samples, median }) => samples !== TURNS || !(median > 0))).toEqual([])
    task.meta.answerTimes = times
  })
})
