import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parseToken } from "../../domain/session/ticket.js"
import { sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

describe("whoever has read the store", () => {
  const keyPrefix = randomPrefix()
  const { url } = sharedServer("redis")
  let sessions: HookedService["service"]
  let raw: RawClient
  beforeAll(async () => {
    sessions = (await hookedService(url, { keyPrefix })).service
    raw = await rawClient(url)
  })
  afterAll(async () => {
    await sessions.close()
    raw.close()
  })

  it("what lies in the store opens nothing when it is sent as a token", async () => {
    const { token, session } = await sessions.createSession({ userId: "ada" })
    await sessions.rotateSession(token)
    const record = (await raw.get(sessionKeyOf(keyPrefix, session.sessionId))) ?? ""
    const verifiers = [...record.matchAll(/"([\w-]{22})"/g)].map(([, verifier = ""]) => verifier)
    // The current one, and the one in grace.
    expect(verifiers).toHaveLength(2)
    const tries = verifiers.flatMap((verifier) => [
      verifier,
      `${verifier}${"A".repeat(21)}`,
      `${"A".repeat(21)}${verifier}`,
      `${verifier}${verifier.slice(0, 20)}A`,
    ])
    const tokens = [session.sessionId, record, ...tries, ...tries.map((secret) => `${session.sessionId}.${secret}`)]
    // Some of them are tokens by their form: they are refused for their secret.
    expect(tokens.filter((text) => parseToken(text) !== null).length).toBeGreaterThanOrEqual(2)
    for (const text of tokens) {
      expect(await sessions.getSession(text)).toBeNull()
      expect(await sessions.rotateSession(text)).toBeNull()
      expect(await sessions.deleteSession(text)).toBe(false)
    }
    expect((await sessions.getSession(token))?.userId).toBe("ada")
  })

  it.each([
    ["another prefix", { keyPrefix: randomPrefix() }],
    ["other keys under the same prefix", { keyPrefix, secrets: ["a-key-of-the-other-application-0123456789"] }],
  ])("a token of another application on the same server opens nothing: %s", async (_how, options) => {
    const other = (await hookedService(url, options)).service
    const { token } = await sessions.createSession({ userId: "ada" })
    const theirs = await other.createSession({ userId: "ada" })
    expect(await other.getSession(token)).toBeNull()
    expect(await other.updateSession(token, { mine: true })).toBeNull()
    expect(await sessions.getSession(theirs.token)).toBeNull()
    expect((await other.getSession(theirs.token))?.userId).toBe("ada")
    await other.close()
  })
})
