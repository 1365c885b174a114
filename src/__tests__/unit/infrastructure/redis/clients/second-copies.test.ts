import { expect, it } from "vitest"
import { ClientRedisService } from "../../../../../infrastructure/redis/clients/ClientRedisService.js"
import type { NodeSender } from "../../../../../infrastructure/redis/clients/topology.js"

/** A client that is refused, and that says what mark it has before and after. */
class RefusedService extends ClientRedisService {
  readonly singleNode = true
  readonly #marks: (number | null)[]

  constructor(...marks: (number | null)[]) {
    super({ timeoutMs: 1_000 })
    this.#marks = marks
  }
  resendMark(): number | null {
    return (this.#marks.length > 1 ? this.#marks.shift() : this.#marks[0]) ?? null
  }
  protected nodeOf(): undefined {
    return undefined
  }
  protected send(): Promise<unknown> {
    return Promise.reject(new Error("READONLY You can't write against a read only replica."))
  }
  protected primaries(): readonly NodeSender[] {
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

it("a read leaves nothing in doubt", async () => {
  expect(await outcomeOf(new RefusedService(null), true)).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
})
