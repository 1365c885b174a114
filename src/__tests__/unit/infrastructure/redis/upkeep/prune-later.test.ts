import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import { ServerClock } from "../../../../../infrastructure/redis/reads/server-clock.js"
import { SessionScripts } from "../../../../../infrastructure/redis/scripts/session-scripts.js"
import { SessionKeys } from "../../../../../infrastructure/redis/session-keys.js"
import { Background } from "../../../../../infrastructure/redis/upkeep/background.js"
import { PruneLater } from "../../../../../infrastructure/redis/upkeep/prune-later.js"
import { RecordingRedis, SERVER_MICROS } from "../../../../support/recording-redis.js"

const T = String(SERVER_MICROS)
const named = (n: number): string => String(n).padStart(22, "0")
const placeOf = (n: number): { readonly tag: string; readonly user: string } => ({ tag: "AAA", user: named(n) })

function make() {
  const redis = new RecordingRedis().answer("index-prune", [T, "1"])
  const keys = new SessionKeys("")
  const prunes = new PruneLater(redis, new SessionScripts(redis, new ServerClock(redis, new Background()), 1_000), keys)
  /** Of each script, how many members of how many lists. */
  const sent = (): readonly (readonly number[])[] => redis.all("index-prune").map(({ args }) => args.slice(1).map(Number))
  return { redis, keys, prunes, sent }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe("PruneLater", () => {
  it("looks after 32 lists in one script at most, each with its own members", async () => {
    const { redis, keys, prunes, sent } = make()
    for (let n = 0; n < 40; n += 1) prunes.add(placeOf(n), [named(2 * n), named(2 * n + 1)])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(sent()).toEqual([Array.from({ length: 32 }, () => 2), Array.from({ length: 8 }, () => 2)])
    const [first] = redis.all("index-prune")
    expect(first?.keys.slice(3, 6)).toEqual([keys.index(placeOf(1)), keys.session({ tag: "AAA", id: named(2) }), keys.session({ tag: "AAA", id: named(3) })])
  })

  it("looks at 250 members in one script at most, and at no member twice", async () => {
    const { redis, prunes, sent } = make()
    const ids = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, n) => named(from + n))
    prunes.add(placeOf(1), ids(0, 200))
    prunes.add(placeOf(2), ids(200, 250))
    prunes.add(placeOf(3), ids(250, 251))
    prunes.add(placeOf(4), ids(251, 900))
    await vi.advanceTimersByTimeAsync(3_000)
    expect(sent()).toEqual([[200, 50], [1], [250], [250], [149]])
    const sessions = redis.all("index-prune").flatMap(({ keys }) => keys.filter((key) => key.startsWith("session:")))
    expect(new Set(sessions).size).toBe(900)
    expect(sessions).toHaveLength(900)
  })

  it("looks after each list by itself on a cluster, and goes on after one that cannot be reached", async () => {
    const { redis, prunes, sent } = make()
    redis.singleNode = false
    redis.answer("index-prune", new SessionError("ERR_STORE_UNAVAILABLE", "down"), [T, "1"])
    for (let n = 0; n < 3; n += 1) prunes.add(placeOf(n), [named(n)])
    await vi.advanceTimersByTimeAsync(3_000)
    expect(sent()).toEqual([[1], [1], [1]])
  })

  it("sends nothing once it was stopped", async () => {
    const { prunes, sent } = make()
    prunes.add(placeOf(1), [named(1)])
    prunes.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent()).toEqual([])
  })
})
