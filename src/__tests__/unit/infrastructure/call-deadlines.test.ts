import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { CallDeadlines, deadlinePassed, isDeadline } from "../../../infrastructure/call-deadlines.js"

const expired = (): Error => new Error("time is up")
const never = (): Promise<never> => new Promise(() => undefined)

/** How long a call took to be refused, in milliseconds, less what a bare timer was late in the same time. */
async function refusedAfter(call: Promise<unknown>): Promise<number> {
  const began = performance.now()
  const bare = pause(100).then(() => performance.now() - began)
  await expect(call).rejects.toThrow("time is up")
  const took = performance.now() - began
  return Math.max(Math.min(took, 100), took - Math.max(0, (await bare) - 100))
}

describe("a deadline", () => {
  let deadlines: CallDeadlines
  const unhandled = vi.fn()
  beforeEach(() => {
    deadlines = new CallDeadlines(100)
    unhandled.mockClear()
    process.on("unhandledRejection", unhandled)
  })
  afterEach(async () => {
    await deadlines.close()
    await nextTurn()
    process.off("unhandledRejection", unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })

  it("passes on results and errors that come in time", async () => {
    expect(await deadlines.run(async () => "there", expired)).toBe("there")
    await expect(deadlines.run(() => Promise.reject(new TypeError("no")), expired)).rejects.toThrow("no")
    await expect(
      deadlines.run(() => {
        throw new RangeError("at once")
      }, expired),
    ).rejects.toThrow("at once")
  })

  it("ends each call in its time, never early, also calls that began apart", async () => {
    const times: Promise<number>[] = []
    for (let i = 0; i < 8; i++) {
      times.push(refusedAfter(deadlines.run(never, expired)))
      await pause(7)
    }
    for (const took of await Promise.all(times)) {
      expect(took).toBeGreaterThanOrEqual(100)
      expect(took).toBeLessThan(150)
    }
  })

  it("says to what it ended nothing of whether that changed something", async () => {
    const reason = deadlines.run((signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason))), expired)
    expect(await reason).toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
  })

  it("is not shortened by a long turn before it", async () => {
    const block = performance.now() + 120
    while (performance.now() < block) Math.sqrt(2)
    expect(await refusedAfter(deadlines.run(never, expired))).toBeGreaterThanOrEqual(100)
  })

  it("takes a result that arrived while the process was busy", async () => {
    const reply = deadlines.run(() => new Promise((resolve) => setTimeout(() => setImmediate(resolve, "read late"), 50)), expired)
    await nextTurn()
    const block = performance.now() + 200
    while (performance.now() < block) Math.sqrt(2)
    expect(await reply).toBe("read late")
  })

  it("lets the client say first that a command was never written", async () => {
    const call = deadlines.run(
      (signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("never written")))),
      expired,
    )
    await expect(call).rejects.toThrow("never written")
  })

  it("drops what comes too late, errors as well", async () => {
    const late = withResolvers<string>()
    await refusedAfter(deadlines.run(() => late.promise, expired))
    late.reject(new Error("too late"))
    await nextTurn()
  })

  it("starts nothing under a signal that is aborted already", async () => {
    const start = vi.fn(never)
    const reason = { any: "value" }
    await expect(deadlines.run(start, expired, AbortSignal.abort(reason))).rejects.toBe(reason)
    expect(start).not.toHaveBeenCalled()
  })

  it("ends one call at its caller's signal, tells the client, and leaves the others alone", async () => {
    const controller = new AbortController()
    const reason = new Error("gone")
    let given: AbortSignal | undefined
    const mine = deadlines.run(
      (signal) => {
        given = signal
        return never()
      },
      expired,
      controller.signal,
    )
    const other = refusedAfter(deadlines.run(never, expired))
    controller.abort(reason)
    await expect(mine).rejects.toBe(reason)
    expect(given?.aborted).toBe(true)
    expect(await other).toBeGreaterThanOrEqual(100)
  })

  it("tells the client of a passed deadline also where the caller has a signal, and lets go of that signal", async () => {
    const controller = new AbortController()
    const remove = vi.spyOn(controller.signal, "removeEventListener")
    let given: AbortSignal | undefined
    const call = deadlines.run(
      (signal) => {
        given = signal
        return never()
      },
      expired,
      controller.signal,
    )
    await refusedAfter(call)
    expect(given?.aborted).toBe(true)
    expect(remove).toHaveBeenCalled()
  })

  it("of a call within a call whose time is up first is that one's, and says first what it knows", async () => {
    const inner = new CallDeadlines(100)
    const signals: AbortSignal[] = []
    const call = deadlines.run((outer) => {
      signals.push(outer)
      return inner.run(
        (signal) => {
          signals.push(signal)
          return never()
        },
        () => new Error("the inner one knows"),
        outer,
      )
    }, expired)
    await expect(call).rejects.toThrow("the inner one knows")
    expect(signals[1]).toBe(signals[0])
    // It waits for nothing any more, though what it began never ends.
    await inner.close()
  })

  it("of a call within a call is not counted as passed where the answer came while the process was busy", async () => {
    const inner = new CallDeadlines(100)
    const passed = vi.fn(expired)
    const answeredLate = (signal: AbortSignal): Promise<string> => new Promise((resolve) => signal.addEventListener("abort", () => resolve("answered")))
    expect(await deadlines.run((signal) => inner.run(answeredLate, passed, signal), expired)).toBe("answered")
    await nextTurn()
    expect(passed).not.toHaveBeenCalled()
  })

  it("of a call within a call ends that also where the call around it has ended before", async () => {
    const inner = new CallDeadlines(100)
    let silent: Promise<unknown> = Promise.resolve()
    const call = deadlines.run((signal) => {
      silent = inner.run(never, expired, signal)
      return Promise.all([silent, Promise.reject(new Error("another one failed"))])
    }, expired)
    // Nobody is in the outer bucket any more, and a later one is open.
    await Promise.all([expect(call).rejects.toThrow("another one failed"), pause(20)])
    expect(await deadlines.run(async () => "there", expired)).toBe("there")
    const end = silent.then(String, String)
    expect(await Promise.race([end, pause(2_000, "no end")])).toContain("time is up")
    await inner.close()
  })

  it("is known from a caller's reason, whatever that is", async () => {
    const controller = new AbortController()
    const call = deadlines.run(never, expired, controller.signal)
    const reason = deadlinePassed(1, true)
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
    expect(isDeadline(reason)).toBe(false)
    const own = await deadlines.run((signal) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason))), expired)
    expect(isDeadline(own)).toBe(true)
  })

  it("of a call within a call that may last longer is its own", async () => {
    const [outer, inner] = [new CallDeadlines(60_000), new CallDeadlines(50)]
    await expect(
      outer.run(
        (signal) => inner.run(never, expired, signal),
        () => new Error("the outer one"),
      ),
    ).rejects.toThrow("time is up")
    await Promise.all([outer.close(), inner.close()])
  })

  it("waits on closing for the calls that are under way, and no longer than their deadline", async () => {
    const waiting = refusedAfter(deadlines.run(never, expired))
    let answer: (value: string) => void = () => undefined
    const answered = deadlines.run(() => new Promise<string>((resolve) => (answer = resolve)), expired)
    const closed = deadlines.close().then(() => performance.now())
    answer("in time")
    expect(await answered).toBe("in time")
    const took = await waiting
    expect(took).toBeLessThan(150)
    expect(await closed).toBeLessThan(performance.now() + 1)
    await deadlines.close()
  })

  it("serves thousands of calls with few timers, none of which keeps the process alive, and without a warning about listeners", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout")
    const warned = vi.fn()
    process.on("warning", warned)
    await Promise.all(Array.from({ length: 50 }, () => deadlines.run(async (signal) => signal.addEventListener("abort", () => undefined), expired)))
    const results = await Promise.all(Array.from({ length: 5_000 }, (_, i) => deadlines.run(async () => i, expired)))
    expect(results).toHaveLength(5_000)
    expect(timers.mock.calls.length).toBeLessThan(50)
    for (const { value } of timers.mock.results) expect((value as NodeJS.Timeout).hasRef()).toBe(false)
    await nextTurn()
    process.off("warning", warned)
    expect(warned).not.toHaveBeenCalled()
  })
})

function withResolvers<T>(): { readonly promise: Promise<T>; readonly reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((_resolve, refuse) => {
    reject = refuse
  })
  return { promise, reject }
}
