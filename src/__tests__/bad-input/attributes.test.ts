import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { ISessionService } from "../../domain/interfaces/session/ISessionService.js"
import { type EveryStore, openEveryStore, STORE_NAMES } from "../support/every-store.js"
import { sameJson } from "../support/wild-values.js"
import { hostileProxy, KEPT_VALUES, NO_TEXT, REFUSED_VALUES, TOO_LARGE } from "./corpus.js"
import { figures, sentBy } from "./figures.js"
import { type Attributes, nameOf, outcomeOf, watched } from "./refusals.js"

type Service = ISessionService<Attributes>
interface Target {
  readonly token: string
  readonly handle: string
  readonly userId: string
}

/** Every call that writes attributes. `reads`: what it has to ask the store before it can know them. */
const WRITERS: Readonly<
  Record<string, { readonly write: (service: Service, target: Target, attributes: never) => Promise<unknown>; readonly reads: readonly string[] }>
> = {
  createSession: { write: (service, { userId }, attributes) => service.createSession({ userId, attributes }), reads: [] },
  updateSession: { write: (service, { token }, attributes) => service.updateSession(token, attributes), reads: [] },
  "updateSession by a function": { write: (service, { token }, attributes) => service.updateSession(token, () => attributes), reads: ["get"] },
  updateUserSession: { write: (service, { userId, handle }, attributes) => service.updateUserSession(userId, handle, attributes), reads: [] },
  "updateUserSession by a function": {
    write: (service, { userId, handle }, attributes) => service.updateUserSession(userId, handle, () => attributes),
    reads: ["get"],
  },
  "rotateSession with changes": { write: (service, { token }, changes) => service.rotateSession(token, { changes }), reads: [] },
}

describe.each(Object.entries(WRITERS))("%s", (name, { write, reads }) => {
  it.each(Object.entries(REFUSED_VALUES))("refuses %s at any depth, and sends nothing", async (_what, make) => {
    const { service, redis, stored } = await watched()
    const target = { token: stored.token, handle: stored.token.slice(0, 26), userId: "ada" }
    for (const attributes of [{ value: make() }, { deep: [{ value: make() }] }]) {
      expect(await outcomeOf(() => write(service, target, attributes as never), ["ERR_INVALID_ARGUMENT"])).toMatchObject({ kind: "refused" })
    }
    expect(sentBy(redis, reads)).toEqual([])
  })

  it.each(Object.entries(TOO_LARGE))("refuses %s, and writes nothing", async (_what, make) => {
    const { service, redis, stored } = await watched()
    const target = { token: stored.token, handle: stored.token.slice(0, 26), userId: "ada" }
    expect(await outcomeOf(() => write(service, target, { value: make() } as never), ["ERR_SESSION_TOO_LARGE"])).toMatchObject({ kind: "refused" })
    // A patch is added to what is stored, so that has to be read.
    expect(sentBy(redis, name === "createSession" ? [] : ["get"])).toEqual([])
  })

  it("refuses what is no plain object, and sends nothing", async () => {
    const { service, redis, stored } = await watched()
    const target = { token: stored.token, handle: stored.token.slice(0, 26), userId: "ada" }
    const wrong: string[] = []
    for (const value of [
      ...NO_TEXT.filter((one) => typeof one !== "function" && nameOf(one) !== "{}"),
      "",
      "text",
      null,
      new Map(),
      new Date(),
      hostileProxy(),
    ]) {
      const outcome = await outcomeOf(() => write(service, target, value as never), ["ERR_INVALID_ARGUMENT"])
      // An object with a method is refused for the method, an empty one is fine.
      if (outcome.kind !== "refused") wrong.push(`${nameOf(value)}: ${JSON.stringify(outcome)}`)
    }
    expect(wrong).toEqual([])
    expect(sentBy(redis, reads)).toEqual([])
  })
})

describe.each(STORE_NAMES)("on %s", (name) => {
  let stores: EveryStore
  beforeAll(async () => {
    stores = await openEveryStore()
  })
  afterAll(() => stores.close())

  it.each(Object.entries(KEPT_VALUES))("%s come back exactly as they were given, by every call", async (_what, value) => {
    const service = stores.services[name]
    const { token, session } = await service.createSession({ userId: "ada", attributes: { value } })
    expect(sameJson(session.attributes, { value })).toBe(true)
    expect(sameJson((await service.getSession(token))?.attributes, { value })).toBe(true)
    expect(sameJson((await service.updateSession(token, { again: value }))?.attributes, { value, again: value })).toBe(true)
    expect(sameJson((await service.updateSession(token, (own) => own))?.attributes, { value, again: value })).toBe(true)
    expect(sameJson((await service.updateUserSession("ada", session.sessionId, { third: value }))?.attributes, { value, again: value, third: value })).toBe(
      true,
    )
    const rotated = await service.rotateSession(token, { changes: { fourth: value } })
    expect(sameJson(rotated?.session.attributes, { value, again: value, third: value, fourth: value })).toBe(true)
    expect(sameJson((await service.extendSession(rotated?.token ?? ""))?.attributes, rotated?.session.attributes)).toBe(true)
    figures.roundTripped += 1
    const [listed] = (await service.getUserSessions("ada", { limit: 1 })).sessions
    expect(sameJson(listed?.attributes, rotated?.session.attributes)).toBe(true)
    expect(await service.deleteUserSessions("ada")).toBe(1)
  })

  it("a change that makes the values too many is refused, and the session keeps what it had", async () => {
    const service = stores.services[name]
    const many = Array.from({ length: 15_000 }, () => 1)
    const { token, session } = await service.createSession({ userId: "many", attributes: { first: many } })
    const { createSession: _, ...changes } = WRITERS
    for (const [call, { write }] of Object.entries(changes).filter(([call]) => !call.includes("function"))) {
      const target = { token, handle: session.sessionId, userId: "many" }
      expect(await outcomeOf(() => write(service, target, { second: many } as never), ["ERR_INVALID_ARGUMENT"]), call).toMatchObject({ kind: "refused" })
      expect(await service.getSession(token, { touch: false }), call).toEqual(session)
    }
  })

  it("whatever is refused leaves the session as it was, and makes no other", async () => {
    const service = stores.services[name]
    const wrong: string[] = []
    for (const [what, make] of Object.entries({ ...REFUSED_VALUES, "1 MB of text": TOO_LARGE["1 MB of text"] ?? expect.fail("no such value") })) {
      const { token, session } = await service.createSession({ userId: what, attributes: { n: 1 } })
      const target = { token, handle: session.sessionId, userId: what }
      const attributes = { value: make() } as never
      for (const [call, { write }] of Object.entries(WRITERS)) {
        const outcome = await outcomeOf(() => write(service, target, attributes))
        if (outcome.kind !== "refused") wrong.push(`${call}, ${what}: ${outcome.kind}`)
      }
      const { sessions } = await service.getUserSessions(what)
      if (JSON.stringify(sessions) !== JSON.stringify([session])) wrong.push(`${what}: other sessions than before`)
    }
    expect(wrong).toEqual([])
  })
})
