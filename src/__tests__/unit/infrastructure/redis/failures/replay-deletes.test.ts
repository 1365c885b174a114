import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import { formatHandle, type Handle } from "../../../../../domain/session/ticket.js"
import { ReplayDeletes } from "../../../../../infrastructure/redis/failures/replay-deletes.js"
import { type End, SessionEnds } from "../../../../../infrastructure/redis/failures/session-ends.js"
import { ServerClock } from "../../../../../infrastructure/redis/reads/server-clock.js"
import { SessionScripts } from "../../../../../infrastructure/redis/scripts/session-scripts.js"
import { SessionKeys } from "../../../../../infrastructure/redis/session-keys.js"
import { Background } from "../../../../../infrastructure/redis/upkeep/background.js"
import { PruneLater } from "../../../../../infrastructure/redis/upkeep/prune-later.js"
import { RecordingRedis } from "../../../../support/recording-redis.js"

const handleOf = (n: number): Handle => ({ tag: "AAA", id: String(n).padStart(22, "0") })
const endOf = (n: number): End => ({ kind: "session", handle: handleOf(n), owner: null })

function make() {
  const redis = new RecordingRedis()
  const background = new Background()
  const keys = new SessionKeys("")
  const scripts = new SessionScripts(redis, new ServerClock(redis, background), 1_000)
  const back: string[] = []
  const parts = { redis, scripts, keys, prunes: new PruneLater(redis, scripts, keys) }
  const replays = new ReplayDeletes({ ends: new SessionEnds(parts, (handle) => back.push(formatHandle(handle))), background })
  // Nothing came back, as many as were asked for.
  redis.answer("unlink", (call: { readonly keys: readonly string[] }) => call.keys.map(() => false))
  return { redis, replays, back, keys, rounds: () => redis.all("unlink").length }
}

const unavailable = (): SessionError => new SessionError("ERR_STORE_UNAVAILABLE", "The connection was lost.")

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe("ReplayDeletes", () => {
  it("ends again what was ended lately, at once, and three times more because a new primary may be late", async () => {
    const { redis, replays, back, keys, rounds } = make()
    replays.remember(endOf(1))
    replays.remember(endOf(2))
    redis.answer("unlink", [false, true], [false, false])
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(200)
    expect(redis.only("unlink").keys).toEqual([keys.session(handleOf(1)), keys.session(handleOf(2))])
    expect(back).toEqual([formatHandle(handleOf(2))])
    await vi.advanceTimersByTimeAsync(16_000)
    expect(rounds()).toBe(4)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(rounds()).toBe(4)
  })

  it("sends nothing while nothing happens, but once before it forgets", async () => {
    const { replays, rounds } = make()
    replays.remember(endOf(1))
    await vi.advanceTimersByTimeAsync(29_900)
    expect(rounds()).toBe(0)
    await vi.advanceTimersByTimeAsync(300)
    expect(rounds()).toBe(1)
    await vi.advanceTimersByTimeAsync(600_000)
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(rounds()).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("goes on until it is acknowledged, also for longer than it remembers in quiet times, and then stops", async () => {
    const { redis, replays, rounds } = make()
    replays.remember(endOf(1))
    redis.answer("unlink", unavailable())
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(60_000)
    const failed = rounds()
    expect(failed).toBeGreaterThan(30)
    expect(failed).toBeLessThan(62)
    redis.answer("unlink", [true])
    await vi.advanceTimersByTimeAsync(2_000)
    expect(rounds()).toBeGreaterThan(failed)
    await vi.advanceTimersByTimeAsync(20_000)
    const done = rounds()
    await vi.advanceTimersByTimeAsync(120_000)
    expect(rounds()).toBe(done)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("gives up on a store that stays away", async () => {
    const { redis, replays, rounds } = make()
    replays.remember(endOf(1))
    redis.answer("unlink", unavailable())
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(310_000)
    const tried = rounds()
    await vi.advanceTimersByTimeAsync(100_000)
    expect(rounds()).toBe(tried)
  })

  it("begins anew at another disruption, but never sends more than once a second", async () => {
    const { replays, rounds } = make()
    replays.remember(endOf(1))
    for (let n = 0; n < 1_000; n += 1) {
      replays.disrupted()
      await vi.advanceTimersByTimeAsync(10)
    }
    expect(rounds()).toBeGreaterThanOrEqual(8)
    expect(rounds()).toBeLessThanOrEqual(11)
    const during = rounds()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(rounds()).toBeGreaterThanOrEqual(during + 3)
  })

  it("remembers 10 000 ends, and sends 500 at a time", async () => {
    const { redis, replays, keys } = make()
    for (let n = 0; n < 10_001; n += 1) replays.remember(endOf(n))
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(500)
    const sent = redis.all("unlink").map((call) => call.keys)
    expect(sent.map((page) => page.length)).toEqual(Array.from({ length: 20 }, () => 500))
    expect(sent[0]?.[0]).toBe(keys.session(handleOf(1)))
    expect(sent.at(-1)?.at(-1)).toBe(keys.session(handleOf(10_000)))
  })

  it("ends all of a user up to the instant of the sign-out, but for the one that stayed", async () => {
    const { redis, replays, back, keys } = make()
    const place = { tag: "AAA", user: "u".repeat(22) }
    replays.remember({ kind: "user", place, cutoff: "1700000000000000", owner: "u", except: handleOf(2) })
    redis.answer("index-page", [1, handleOf(1).id, 1, handleOf(2).id, 2], [1, handleOf(2).id, 2])
    redis.answer("index-end", [1, 1, "1"])
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(200)
    expect(redis.all("index-page")[0]?.args).toContain("1700000000000000")
    expect(redis.all("index-end").map((call) => call.keys)).toEqual([[keys.index(place), keys.session(handleOf(1))]])
    expect(back).toEqual([formatHandle(handleOf(1))])
  })

  it("does not forget what was acknowledged while the store was disrupted", async () => {
    const { redis, replays, rounds } = make()
    replays.remember(endOf(1))
    redis.answer("unlink", () => {
      replays.disrupted()
      return [false]
    }, [false])
    await vi.advanceTimersByTimeAsync(30_200)
    expect(rounds()).toBe(1)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(rounds()).toBe(5)
    expect(vi.getTimerCount()).toBe(0)
  })

  it("one user's wish to end a session leaves its own end in force", async () => {
    const { redis, replays, keys } = make()
    replays.remember(endOf(1))
    replays.remember({ kind: "session", handle: handleOf(1), owner: "bob" })
    redis.answer("session-delete", [1, 1])
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(200)
    expect(redis.only("unlink").keys).toEqual([keys.session(handleOf(1))])
    expect(redis.only("session-delete")).toMatchObject({ keys: [keys.session(handleOf(1))], args: ['"bob"', "", "", ""] })
  })

  it("does nothing more after it was stopped", async () => {
    const { replays, rounds } = make()
    replays.remember(endOf(1))
    replays.disrupted()
    replays.stop()
    replays.remember(endOf(2))
    replays.disrupted()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(rounds()).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  })
})
