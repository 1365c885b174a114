import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { type EveryStore, openEveryStore, STORE_NAMES } from "../support/every-store.js"
import { malformedTokens, ODD_USER_IDS, REFUSED_USER_IDS } from "./corpus.js"
import { sentBy } from "./figures.js"
import { type Attributes, nameOf, outcomeOf, watched } from "./refusals.js"

type Call = (service: SessionService<Attributes>, value: never, other: string) => Promise<unknown>

const BY_TOKEN: Readonly<Record<string, readonly [Call, null | false]>> = {
  getSession: [(service, token) => service.getSession(token), null],
  updateSession: [(service, token) => service.updateSession(token, { n: 1 }), null],
  "updateSession by a function": [(service, token) => service.updateSession(token, (own) => own), null],
  extendSession: [(service, token) => service.extendSession(token, "1h"), null],
  rotateSession: [(service, token) => service.rotateSession(token), null],
  "rotateSession with changes": [(service, token) => service.rotateSession(token, { changes: { n: 1 } }), null],
  deleteSession: [(service, token) => service.deleteSession(token), false],
}

const BY_HANDLE: Readonly<Record<string, readonly [Call, null | false]>> = {
  updateUserSession: [(service, handle) => service.updateUserSession("ada", handle, { n: 1 }), null],
  deleteUserSession: [(service, handle) => service.deleteUserSession("ada", handle), false],
}

const BY_USER: Readonly<Record<string, Call>> = {
  "createSession, userId": (service, userId) => service.createSession({ userId }),
  "createSession, pendingUserId": (service, pendingUserId) => service.createSession({ pendingUserId }),
  "createSession, impersonatorId": (service, impersonatorId) => service.createSession({ userId: "ada", impersonatorId }),
  getUserSessions: (service, userId) => service.getUserSessions(userId),
  updateUserSession: (service, userId, handle) => service.updateUserSession(userId, handle as never, { n: 1 }),
  deleteUserSession: (service, userId, handle) => service.deleteUserSession(userId, handle as never),
  deleteUserSessions: (service, userId) => service.deleteUserSessions(userId),
}

describe.each(Object.entries({ ...BY_TOKEN, ...BY_HANDLE }))("%s", (name, [call, absent]) => {
  it("answers a malformed text like a missing session, and sends nothing", async () => {
    const { service, redis, stored } = await watched()
    const text = name in BY_TOKEN ? stored.token : stored.token.slice(0, 26)
    const values =
      name in BY_TOKEN
        ? [...malformedTokens(stored.token), stored.token.slice(0, 26)]
        : [...malformedTokens(`${text}.${"A".repeat(43)}`), stored.token, `${text}.`, text.slice(0, -1)]
    const wrong: string[] = []
    for (const value of values) {
      const outcome = await outcomeOf(() => call(service, value as never, ""))
      if (outcome.kind !== "answered" || outcome.value !== absent) wrong.push(`${nameOf(value)}: ${JSON.stringify(outcome)}`)
    }
    expect(wrong).toEqual([])
    expect(sentBy(redis)).toEqual([])
  })
})

describe.each(Object.entries(BY_USER))("%s", (_name, call) => {
  it("refuses what is no user id, and sends nothing", async () => {
    const { service, redis, stored } = await watched()
    const wrong: string[] = []
    for (const value of REFUSED_USER_IDS) {
      const outcome = await outcomeOf(() => call(service, value as never, stored.token.slice(0, 26)), ["ERR_INVALID_ARGUMENT"])
      if (outcome.kind !== "refused") wrong.push(`${nameOf(value)}: ${JSON.stringify(outcome)}`)
    }
    expect(wrong).toEqual([])
    expect(sentBy(redis)).toEqual([])
  })
})

describe("a token", () => {
  let stores: EveryStore
  beforeAll(async () => {
    stores = await openEveryStore()
  })
  afterAll(() => stores.close())

  it.each(STORE_NAMES)("with the tag of another slot, or a wrong tag, finds nothing: %s", async (name) => {
    const service = stores.services[name]
    const [ada, bob] = [await service.createSession({ userId: "ada" }), await service.createSession({ userId: "bob" })]
    const crossed = bob.token.slice(0, 3) + ada.token.slice(3)
    expect(crossed).not.toBe(ada.token)
    expect(await service.getSession(crossed)).toBeNull()
    expect(await service.deleteSession(crossed)).toBe(false)
    expect(await service.getSession(ada.token)).not.toBeNull()
  })

  it.each(STORE_NAMES)("with letters of another case finds nothing: %s", async (name) => {
    const service = stores.services[name]
    const { token } = await service.createSession({ userId: "ada" })
    const at = token.split("").findIndex((letter, index) => index > 3 && index < 24 && /[a-z]/i.test(letter))
    const letter = token.charAt(at)
    const turned = letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()
    expect(await service.getSession(token.slice(0, at) + turned + token.slice(at + 1))).toBeNull()
  })
})

describe.each(STORE_NAMES)("odd user ids on %s", (name) => {
  let stores: EveryStore
  beforeAll(async () => {
    stores = await openEveryStore()
  })
  afterAll(() => stores.close())

  it("each is a user of its own: the same letter in two spellings, spaces, prefixes, braces", async () => {
    const service = stores.services[name]
    const made = new Map<string, string>()
    for (const userId of ODD_USER_IDS) made.set(userId, (await service.createSession({ userId })).session.sessionId)
    expect(new Set(ODD_USER_IDS).size).toBe(ODD_USER_IDS.length)
    for (const [userId, sessionId] of made) {
      const { sessions } = await service.getUserSessions(userId)
      expect(sessions.map((session) => [session.userId, session.sessionId])).toEqual([[userId, sessionId]])
      expect(await service.deleteUserSession(userId === "ada" ? "Ada" : "ada", sessionId)).toBe(false)
      expect(await service.deleteUserSessions(userId)).toBe(1)
    }
    for (const userId of ODD_USER_IDS) expect((await service.getUserSessions(userId)).sessions).toEqual([])
  })
})
