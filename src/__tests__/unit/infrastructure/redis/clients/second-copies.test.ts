import { expect, it } from "vitest"
import { CallDeadlines } from "../../../../../infrastructure/call-deadlines.js"
import { ClientRedisService } from "../../../../../infrastructure/redis/clients/ClientRedisService.js"
import type { Primary } from "../../../../../infrastructure/redis/clients/topology.js"

/** A client that is refused, or fails as it is told, and that says what mark it has before and after. */
class RefusedService extends ClientRedisService {
  readonly singleNode = true
  readonly #marks: (number | null)[]
  fail: (signal: AbortSignal) => Promise<unknown> = () => Promise.reject(new Error("READONLY You can't write against a read only replica."))

  constructor(...marks: (number | null)[]) {
    super({ timeoutMs: 60 })
    this.#marks = marks
  }
  /** From now on it says another mark. */
  reconnected(times: number): void {
    const [mark] = this.#marks
    if (typeof mark === "number") this.#marks[0] = mark + times
  }
  resendMark(): number | null {
    return (this.#marks.length > 1 ? this.#marks.shift() : this.#marks[0]) ?? null
  }
  protected nodeOf(): undefined {
    return undefined
  }
  protected send(_key: string | undefined, _args: readonly string[], signal: AbortSignal): Promise<unknown> {
    return this.fail(signal)
  }
  protected primaries(): readonly Primary[] {
    return []
  }
  protected watchSending(): () => boolean {
    return () => false
  }
  protected detach(): void {}
}

const WRITE = { name: "write", source: "return 1", sha1: "0".repeat(40), readOnly: false }
const outcomeOf = async (service: RefusedService, readOnly = false): Promise<unknown> =>
  service.run({ ...WRITE, readOnly }, ["key"], []).then(
    () => "answered",
    (error: unknown) => error,
  )

it("a write that is refused was not made", async () => {
  expect(await outcomeOf(new RefusedService(1))).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
})

it.each([
  ["the client connected anew meanwhile", [1, 2]],
  ["nobody can tell", [null]],
] as const)("whether a write was made is unknown when the refused copy may be a second one, because %s", async (_why, marks) => {
  expect(await outcomeOf(new RefusedService(...marks))).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "unknown", retryable: true })
})

it.each([
  ["may have been made before the client connected anew", [1, 2], "unknown"],
  ["was not made otherwise", [1], "not-applied"],
] as const)("a write of which a cluster's nodes sent the client to and fro %s", async (_what, marks, outcome) => {
  const service = new RefusedService(...marks)
  service.fail = () => Promise.reject(new Error("Too many Cluster redirections. Last error: ReplyError: MOVED 1 127.0.0.1:1"))
  expect(await outcomeOf(service)).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome })
})

it.each([
  ["may have been made where the client connected anew meanwhile", 1, "unknown"],
  ["was not made otherwise", 0, "not-applied"],
] as const)("a deletion that is refused %s", async (_what, reconnects, outcome) => {
  const service = new RefusedService(1)
  const { fail } = service
  service.fail = (signal) => {
    service.reconnected(reconnects)
    return fail(signal)
  }
  await expect(service.unlink(["key", "other"])).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome, retryable: true })
})

it("a deletion that is refused may have been made where nobody can tell whether the client connected anew", async () => {
  await expect(new RefusedService(null).unlink(["key"])).rejects.toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "unknown" })
})

it("a read leaves nothing in doubt", async () => {
  expect(await outcomeOf(new RefusedService(null), true)).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
})

/** A server that has lost its scripts, and says so when the call's time is up. */
function noScriptAtTheEnd(...marks: (number | null)[]): RefusedService {
  const service = new RefusedService(...marks)
  service.fail = (signal) =>
    new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("NOSCRIPT No matching script. Please use EVAL."))))
  return service
}

it("whether a write was made is unknown when time was up before the script's text could be sent, for the refused copy may be a second one", async () => {
  const timeUp = { code: "ERR_STORE_TIMEOUT", retryable: true }
  const awake = setInterval(() => undefined, 20)
  expect(await outcomeOf(noScriptAtTheEnd(1, 2))).toMatchObject({ ...timeUp, outcome: "unknown" })
  expect(await outcomeOf(noScriptAtTheEnd(1), true)).toMatchObject({ ...timeUp, outcome: "not-applied" })
  clearInterval(awake)
})

it("passes on as it is what the deadline of a call around it says", async () => {
  const around = new CallDeadlines(20)
  const service = noScriptAtTheEnd(1)
  const seen = around.run(
    (signal) => service.run({ ...WRITE, readOnly: true }, ["key"], [], { signal }).catch((error) => error === signal.reason),
    () => new Error(),
  )
  const awake = setInterval(() => undefined, 20)
  expect(await seen).toBe(true)
  clearInterval(awake)
})
