import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import { RedisRecords } from "../../../../../infrastructure/services/records/RedisRecords.js"
import { placeOf } from "../../../../../infrastructure/services/records/record-steps.js"
import { RecordingRedis, SERVER_MICROS } from "../../../../support/recording-redis.js"

const DONE = [0, SERVER_MICROS]
const MISSING = [1, SERVER_MICROS]

function make() {
  const redis = new RecordingRedis()
  const records = new RedisRecords(redis, { timeoutMs: 1_000, keyPrefix: "p:", idleMs: 3_600_000 })
  const end = async (id: string, rememberMs = 3_600_000): Promise<void> => {
    const place = placeOf(id)
    if (place !== null) await records.end(place, rememberMs, {})
  }
  return { redis, records, end, ends: () => redis.all("record-end") }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe("ends of drop-in sessions", () => {
  it("are repeated after a disruption, with what is left of their marks' time, and until they are acknowledged", async () => {
    const { redis, end, ends } = make()
    redis.answer("record-end", DONE)
    await end("one")
    await end("two")
    redis.forget()
    await vi.advanceTimersByTimeAsync(10_000)
    redis.answer("record-end", new SessionError("ERR_STORE_UNAVAILABLE", "The connection was lost."), DONE, DONE, MISSING)
    redis.disrupt()
    await vi.advanceTimersByTimeAsync(200)
    expect(ends().map(({ keys }) => keys)).toEqual([[`p:record:${placeOf("one")?.name}`], [`p:record:${placeOf("two")?.name}`]])
    for (const { args } of ends()) {
      expect(Number(args[0])).toBeGreaterThan(3_589_000)
      expect(Number(args[0])).toBeLessThanOrEqual(3_590_000)
    }
    await vi.advanceTimersByTimeAsync(1_900)
    expect(ends()).toHaveLength(4)
  })

  it("are not repeated where nothing was ended, nor once their mark's time is over: another session may have that id", async () => {
    const { redis, end, ends } = make()
    redis.answer("record-end", MISSING)
    await end("none")
    redis.answer("record-end", DONE)
    await end("brief", 20_000)
    redis.forget()
    await vi.advanceTimersByTimeAsync(25_000)
    redis.disrupt()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(ends()).toEqual([])
  })

  it("are repeated no more once the store is closed", async () => {
    const { redis, records, end, ends } = make()
    redis.answer("record-end", DONE)
    await end("one")
    await records.release()
    redis.disrupt()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(ends()).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})
