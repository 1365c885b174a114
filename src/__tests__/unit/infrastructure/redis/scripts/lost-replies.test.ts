import { describe, expect, it } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import { LostReplies } from "../../../../../infrastructure/redis/scripts/lost-replies.js"
import { RepeatBudget } from "../../../../../infrastructure/redis/scripts/repeat-budget.js"

const lost = new SessionError("ERR_STORE_TIMEOUT", "The connection to the store was lost before it answered. The call may have been applied.")
const offline = new SessionError("ERR_STORE_UNAVAILABLE", "There is no connection to the store.")

/** Answers in turn, the last one again and again; errors are thrown. */
function sender(...answers: readonly unknown[]) {
  const signals: (AbortSignal | undefined)[] = []
  const send = async ({ signal }: { readonly signal?: AbortSignal | undefined }): Promise<unknown> => {
    signals.push(signal)
    const answer = answers[Math.min(signals.length, answers.length) - 1]
    if (answer instanceof Error) throw answer
    return answer
  }
  return { send, signals }
}

const told = <T>(value: T, repeated: boolean) => ({ value, repeated })

describe("LostReplies", () => {
  it("answers what the first copy was answered, and says that it was the first", async () => {
    const { send, signals } = sender("DONE")
    expect(await new LostReplies(1_000).run(send, {}, told)).toEqual({ value: "DONE", repeated: false })
    expect(signals).toHaveLength(1)
  })

  it("sends a second copy after a lost reply, and no third", async () => {
    const second = sender(lost, "REPLAYED")
    expect(await new LostReplies(1_000).run(second.send, {}, told)).toEqual({ value: "REPLAYED", repeated: true })
    const third = sender(lost, lost, "never")
    await expect(new LostReplies(1_000).run(third.send, {}, told)).rejects.toBe(lost)
    expect(third.signals).toHaveLength(2)
  })

  it("waits for a client that is connecting again, which sends nothing meanwhile", async () => {
    const { send, signals } = sender(lost, offline, offline, "REPLAYED")
    expect(await new LostReplies(5_000).run(send, {}, told)).toEqual({ value: "REPLAYED", repeated: true })
    expect(signals).toHaveLength(4)
  })

  it("stays unknown when no connection comes within the deadline of the call", async () => {
    const begin = performance.now()
    await expect(new LostReplies(80).run(sender(lost, offline).send, {}, told)).rejects.toBe(lost)
    expect(performance.now() - begin).toBeLessThan(1_000)
  })

  it("stays unknown when the second copy is refused, for the first may have been applied", async () => {
    const full = new SessionError("ERR_STORE_REFUSED", "its memory is full")
    await expect(new LostReplies(1_000).run(sender(lost, full).send, {}, told)).rejects.toBe(lost)
  })

  it("ends a second copy that is not answered within the deadline of the call", async () => {
    let copies = 0
    const send = ({ signal }: { readonly signal?: AbortSignal | undefined }): Promise<never> => {
      copies += 1
      if (copies === 1) return Promise.reject(lost)
      return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
    }
    // The deadline's timer does not keep a process alive; the client's socket does, and here this one.
    const awake = setInterval(() => undefined, 20)
    await expect(new LostReplies(60).run(send, {}, told)).rejects.toBe(lost)
    clearInterval(awake)
    expect(copies).toBe(2)
  })

  it.each([
    ["whose deadline passed", lost, 0],
    ["that was certainly not made", offline, 1_000],
    ["that was answered with something unknown", new SessionError("ERR_STORE_PROTOCOL", "garbage"), 1_000],
    ["that failed in another way", new Error("a bug"), 1_000],
  ])("does not repeat a call %s", async (_which, error, timeoutMs) => {
    const { send, signals } = sender(error, "never")
    await expect(new LostReplies(timeoutMs).run(send, {}, told)).rejects.toBe(error)
    expect(signals).toHaveLength(1)
  })

  it("does not repeat a call that its caller gave up, and ends the second copy with the caller's reason", async () => {
    const gaveUp = AbortSignal.abort(new Error("gave up"))
    const early = sender(lost, "never")
    await expect(new LostReplies(1_000).run(early.send, { signal: gaveUp }, told)).rejects.toBe(lost)
    expect(early.signals).toHaveLength(1)
    const caller = new AbortController()
    const later = new LostReplies(5_000).run(sender(lost, offline).send, { signal: caller.signal }, told)
    setTimeout(() => caller.abort(new Error("gave up")), 20)
    await expect(later).rejects.toThrow("gave up")
  })

  it("repeats ten of the first calls, and then no more than a tenth", async () => {
    const replies = new LostReplies(1_000)
    let copies = 0
    const send = async (): Promise<never> => {
      copies += 1
      throw lost
    }
    for (let n = 0; n < 100; n += 1) await expect(replies.run(send, {}, told)).rejects.toBe(lost)
    expect(copies).toBe(110)
    for (let n = 0; n < 100; n += 1) await expect(replies.run(send, {}, told)).rejects.toBe(lost)
    expect(copies).toBe(220)
  })
})

describe("RepeatBudget", () => {
  it("forgets what lies long back: after a quiet time a tenth of about the last thousand calls may be repeated, no more", () => {
    const budget = new RepeatBudget()
    for (let n = 0; n < 100_000; n += 1) budget.countCall()
    let repeats = 0
    while (budget.take()) repeats += 1
    expect(repeats).toBeGreaterThanOrEqual(50)
    expect(repeats).toBeLessThanOrEqual(100)
  })
})
