import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { createRateLimitingService } from "../../config/create-rate-limiting-service.js"
import { openRecords } from "../../config/open-records.js"
import type { IRecordStore } from "../../domain/interfaces/records/IRecordStore.js"
import { cookieRule } from "../../drop-in/merge-rules.js"
import { indexPrune } from "../../infrastructure/redis/scripts/scripts.generated.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { type HookedService, hookedService, indexKeyOf, type RawClient, randomPrefix, rawClient, sessionKeyOf } from "../support/services-under-watch.js"

// A server's user that may run scripts, but not a command that they read with. "There is no record" would be the wrong answer to that.

const PASSWORD = "password"
const RULES = {
  gcra: { limit: 1, window: "1h" },
  log: { algorithm: "sliding-log", limit: 1, window: "1h" },
  places: { algorithm: "concurrency", limit: 1, lease: "1h" },
} as const
const refused = expect.objectContaining({ code: "ERR_STORE_REFUSED" })

describe.each(SERVER_KINDS)("on %s", (kind) => {
  const { url } = sharedServer(kind)
  const keyPrefix = randomPrefix()
  let raw: RawClient
  let all: HookedService
  beforeAll(async () => {
    raw = await rawClient(url)
    all = await hookedService(url, { keyPrefix })
  })
  afterAll(async () => {
    await all.service.close()
    raw.close()
  })

  async function without(command: string): Promise<string> {
    const user = `without-${command}-${randomPrefix().slice(0, -1)}`
    await raw.send("ACL", "SETUSER", user, "on", `>${PASSWORD}`, "~*", "&*", "+@all", `-${command}`)
    onTestFinished(async () => void (await raw.send("ACL", "DELUSER", user)))
    return url.replace("://", `://${user}:${PASSWORD}@`)
  }

  async function serviceWithout(command: string): Promise<HookedService> {
    const made = await hookedService(await without(command), { keyPrefix })
    onTestFinished(() => made.service.close())
    return made
  }

  /** Every key with its value and, to the minute, its end. */
  async function state(prefix = keyPrefix): Promise<unknown> {
    const keys = (await raw.keys(`${prefix}*`)).sort()
    return Promise.all(
      keys.map(async (key) => {
        const [dump, ends] = await Promise.all([raw.send("EVAL", "return redis.sha1hex(redis.call('DUMP', KEYS[1]))", 1, key), raw.send("PEXPIRETIME", key)])
        return [key, dump, ends]
      }),
    )
  }

  it("no GETRANGE: nothing is ended, changed or called damaged", async () => {
    const { service } = await serviceWithout("getrange")
    const userId = "no getrange"
    const { token, session } = await all.service.createSession({ userId, attributes: { n: 1 } })
    const wrong = `${token.slice(0, -4)}${token.endsWith("AAAA") ? "BBBB" : "AAAA"}`
    const { sessionId } = session
    const before = await state()
    const calls: readonly (() => Promise<unknown>)[] = [
      () => service.deleteSession(wrong),
      () => service.deleteSession(token),
      () => service.deleteSession(token, { ifVersion: 1 }),
      () => Promise.all([service.deleteSession(wrong), service.deleteSession(token)]),
      () => service.deleteUserSession(userId, sessionId),
      () => service.updateSession(token, { n: 2 }),
      () => service.updateUserSession(userId, sessionId, { n: 2 }),
      () => Promise.all([service.updateSession(token, { n: 2 }), service.updateSession(token, { n: 3 })]),
      () => service.extendSession(token, "1h"),
      () => service.rotateSession(token),
      () => service.rotateSession(token, { changes: { n: 2 } }),
      () => service.createSession({ userId, maxSessionsPerUser: 1 }),
      () => service.createSession({ userId, maxSessionsPerUser: 1, onLimit: "reject" }),
    ]
    for (const call of calls) {
      await expect(call(), String(call)).rejects.toEqual(refused)
      expect(await state(), String(call)).toEqual(before)
    }
    expect(await all.service.getSession(token, { touch: false })).toEqual(session)
  })

  it("no ZSCORE: a list that cannot be looked into is not passed over as if it had no such member", async () => {
    const { session } = await all.service.createSession({ userId: "no zscore" })
    const keys = [indexKeyOf(keyPrefix, "no zscore"), sessionKeyOf(keyPrefix, session.sessionId)]
    const { redis } = await serviceWithout("zscore")
    await expect(redis.run(indexPrune, keys, [0, 1])).rejects.toEqual(refused)
  })

  it("no GET: a limit does not allow what it cannot count", async () => {
    const prefix = randomPrefix()
    const open = (store: string) => createRateLimitingService({ store, rules: RULES, keyPrefix: prefix })
    const [counting, limited] = await Promise.all([open(url), open(await without("get"))])
    onTestFinished(async () => void (await Promise.all([counting.close(), limited.close()])))
    const subject = { key: "one" }
    await Promise.all([counting.checkRateLimit(subject, "gcra"), counting.checkRateLimit(subject, "log")])
    const before = await state(prefix)
    expect(before).toHaveLength(2)
    for (const rule of ["gcra", "log"] as const) {
      expect(await limited.checkRateLimit(subject, rule)).toMatchObject({ allowed: false, reason: "unavailable" })
      for (const call of [() => limited.penalize(subject, rule), () => limited.reward(subject, rule), () => limited.block(subject, rule, "1h")]) {
        await expect(call()).rejects.toEqual(refused)
      }
    }
    expect(await state(prefix)).toEqual(before)
  })

  it("no GETRANGE: a drop-in session is neither ended nor called damaged", async () => {
    const prefix = randomPrefix()
    const rule = cookieRule(() => false)
    const write = { text: '{"n":1}', lifetimeOf: () => 3_600_000, rule }
    const open = (store: string): Promise<IRecordStore> => {
      const { records } = openRecords({ store, keyPrefix: prefix }, true)
      onTestFinished(() => records.close())
      return records.opened()
    }
    const [mine, theirs] = await Promise.all([open(url), open(await without("getrange"))])
    const seen = { id: "a session", record: null }
    await mine.save(seen, write)
    const before = await state(prefix)
    expect(before).toHaveLength(1)
    for (const call of [() => theirs.end(seen.id), () => theirs.save({ ...seen }, write), () => theirs.touch({ ...seen }, write)]) {
      await expect(call()).rejects.toEqual(refused)
    }
    expect(await state(prefix)).toEqual(before)
  })
})
