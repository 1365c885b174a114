import { describe, expect, it } from "vitest"
import { ServerClock } from "../../../../../infrastructure/redis/reads/server-clock.js"
import { createdMicros, createTerms, DueCreate, DueDelete, DueUpdate, SessionScripts } from "../../../../../infrastructure/redis/scripts/session-scripts.js"
import { Background } from "../../../../../infrastructure/redis/upkeep/background.js"
import { RecordingRedis, SERVER_MICROS } from "../../../../support/recording-redis.js"

const T = String(SERVER_MICROS)
const draft = { idleTimeout: 600_000, slack: 60_000, absoluteTimeout: 3_600_000, authenticatedAt: "now" } as const

function scriptsOn(redis: RecordingRedis): SessionScripts {
  return new SessionScripts(redis, new ServerClock(redis, new Background()), 1_000)
}

function creation(session: string): DueCreate {
  return new DueCreate({ session, index: null, terms: createTerms(draft, false, 0, null), notAfterMicros: 1, verifier: "v", fields: "{}" })
}

function update(session: string): DueUpdate {
  return new DueUpdate({ session, expected: 1, operation: "abcdef", body: "{}", notAfterMicros: 1, verifiers: [] })
}

function deletion(session: string): DueDelete {
  return new DueDelete({ session, owner: '"ada"', newest: null, version: 3, verifiers: ["v", "w"] })
}

describe("what holds for a session that is to be opened", () => {
  it("is one argument", () => {
    expect(createTerms(draft, true, 2_500_000, { max: 3, onLimit: "evict-oldest" })).toBe("2 2500000 600000 60000 3600000 3 evict-oldest now -")
    expect(createTerms({ ...draft, authenticatedAt: 0 }, true, 0, { max: 1, onLimit: "reject" })).toBe("2 0 600000 60000 3600000 1 reject 0 -")
  })

  it("names the session in whose place it comes", () => {
    expect(createTerms(draft, true, 0, { max: 1, onLimit: "reject", replaces: "AAAAAAAAAAAAAAAAAAAAAA" })).toMatch(/ 1 reject now AAAAAAAAAAAAAAAAAAAAAA$/)
  })

  it("has no empty part, where a guest has neither list nor limit, and was never authenticated", () => {
    expect(createTerms({ ...draft, authenticatedAt: null }, false, 2_500_000, null)).toBe("1 2500000 600000 60000 3600000 0 reject never -")
  })
})

describe("a script for many", () => {
  it("says of what was done only what the caller cannot know, and of all else what the script for one says", async () => {
    const redis = new RecordingRedis().answer("session-creates", [T, SERVER_MICROS + 7, [3, T]]).answer("session-updates", [T, "the head", [4, T, 9]])
    const [opened, late] = await scriptsOn(redis).creates([creation("a"), creation("b")], {})
    expect(opened).toMatchObject({ status: "DONE", micros: SERVER_MICROS, repeated: false })
    expect(opened?.status === "DONE" && createdMicros({ ...opened, status: "DONE" })).toBe(SERVER_MICROS + 7)
    expect(late).toMatchObject({ status: "LATE", micros: SERVER_MICROS, values: [] })
    const [changed, clash] = await scriptsOn(redis).updates([update("a"), update("b")], {})
    expect(changed).toMatchObject({ status: "DONE", micros: SERVER_MICROS, values: ["the head"] })
    expect(clash).toMatchObject({ status: "CLASH", values: [9] })
    redis.answer("session-deletes", [T, "the record's beginning", [1, T]])
    const [ended, missing] = await scriptsOn(redis).deletes([deletion("a"), deletion("b")], {})
    expect(ended).toMatchObject({ status: "DONE", values: ["the record's beginning"] })
    expect(missing).toMatchObject({ status: "MISSING", values: [] })
    const args = ['"ada"', "", 3, " v w "]
    expect(redis.only("session-deletes")).toEqual({ name: "session-deletes", keys: ["a", "b"], args: [...args, ...args] })
  })

  it("is understood where a client gives digits as a number", async () => {
    const keys = ["a", "b", "c"]
    const redis = new RecordingRedis().answer("index-end", [T, 0, 111, 3], [T, "3", "101", "0"], [T, 0, 11, 3], [T, 0, [1, 1, 1], 3])
    expect(await scriptsOn(redis).end("list", keys, 0, {})).toMatchObject({ existed: [true, true, true], left: 0, listed: 3 })
    expect(await scriptsOn(redis).end("list", keys, 0, {})).toMatchObject({ existed: [true, false, true], left: 3, listed: 0 })
    await expect(scriptsOn(redis).end("list", keys, 0, {})).rejects.toMatchObject({ code: "ERR_STORE_PROTOCOL" })
    await expect(scriptsOn(redis).end("list", keys, 0, {})).rejects.toMatchObject({ code: "ERR_STORE_PROTOCOL" })
  })

  it.each([
    ["an answer too few", [T, 1]],
    ["an answer too many", [T, 1, 2, 3]],
    ["nothing for one of them", [T, 1, null]],
    ["an unknown status", [T, 1, [99, T]]],
    ["no time", ["", 1, 2]],
    ["text", "OK"],
  ])("takes %s for a broken server", async (_what, reply) => {
    const redis = new RecordingRedis().answer("session-creates", reply).answer("session-updates", reply).answer("session-deletes", reply)
    await expect(scriptsOn(redis).creates([creation("a"), creation("b")], {})).rejects.toMatchObject({ code: "ERR_STORE_PROTOCOL" })
    await expect(scriptsOn(redis).updates([update("a"), update("b")], {})).rejects.toMatchObject({ code: "ERR_STORE_PROTOCOL" })
    await expect(scriptsOn(redis).deletes([deletion("a"), deletion("b")], {})).rejects.toMatchObject({ code: "ERR_STORE_PROTOCOL" })
  })
})
