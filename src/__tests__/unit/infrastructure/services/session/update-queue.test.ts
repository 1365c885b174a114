import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { backOff, UpdateQueue } from "../../../../../infrastructure/services/session/update-queue.js"

describe("changes of one session", () => {
  it("run one after the other, in order, whatever order things end in; those of others run beside them", async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 8 }), async (scheduler, keys) => {
        const queue = new UpdateQueue()
        const running = new Map<string, number>()
        const order: number[] = []
        const all = keys.map((key, n) =>
          queue.run(key, async () => {
            running.set(key, (running.get(key) ?? 0) + 1)
            expect(running.get(key)).toBe(1)
            await scheduler.schedule(Promise.resolve())
            order.push(n)
            running.set(key, 0)
            return n
          }),
        )
        await scheduler.waitFor(Promise.all(all))
        expect(await Promise.all(all)).toEqual(keys.map((_key, n) => n))
        for (const key of ["a", "b"]) {
          const mine = order.filter((n) => keys[n] === key)
          expect(mine).toEqual([...mine].sort((x, y) => x - y))
        }
      }),
    )
  })

  it("go on after one that failed, and each failure is its own caller's", async () => {
    const queue = new UpdateQueue()
    const first = queue.run("a", () => Promise.reject(new Error("mine")))
    const second = queue.run("a", async () => "fine")
    await expect(first).rejects.toThrow("mine")
    expect(await second).toBe("fine")
  })

  it("go on after one that never ends, once nobody waits for it", async () => {
    const queue = new UpdateQueue()
    const gaveUp = new AbortController()
    const first = queue.run("a", () => new Promise<never>(() => {}), gaveUp.signal)
    const second = queue.run("a", () => new Promise<never>(() => {}), gaveUp.signal)
    const third = queue.run("a", async () => "fine")
    gaveUp.abort(new Error("mine"))
    await expect(first).rejects.toThrow("mine")
    await expect(second).rejects.toThrow("mine")
    expect(await third).toBe("fine")
  })

  it("begin at once where nothing is under way", async () => {
    const begun = vi.fn(async () => {})
    const queue = new UpdateQueue()
    const work = queue.run("a", begun)
    expect(begun).toHaveBeenCalledOnce()
    await work
  })
})

describe("the pause after a clash", () => {
  it("is short, bounded, and not the same for two", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] })
    const set = vi.spyOn(globalThis, "setTimeout")
    for (let n = 0; n < 50; n += 1) void backOff(1)
    for (let n = 0; n < 50; n += 1) void backOff(30)
    const pauses = set.mock.calls.map(([, pause]) => pause ?? -1)
    vi.useRealTimers()
    expect(Math.max(...pauses.slice(0, 50))).toBeLessThanOrEqual(2)
    expect(Math.max(...pauses)).toBeLessThanOrEqual(50)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(0)
    expect(new Set(pauses).size).toBeGreaterThan(50)
  })
})
