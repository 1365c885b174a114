import { SessionError } from "coatcheck"
import type { ConcurrencyName, CountingName, IRateLimitingService, Lease, RateLimitRules } from "coatcheck/rate-limit"
import type { LimitLine } from "./limit-line.js"

type Asked = Pick<LimitLine, "subject" | "rule" | "op" | "units"> & { readonly lease?: string }
type Told = Pick<LimitLine, "answer" | "judgedBy">

const NANOSECONDS = 1_000

/** What is called, or what a mistake is built into. */
export type RecordedService<R extends RateLimitRules> = Pick<
  IRateLimitingService<R>,
  "checkRateLimit" | "checkRateLimits" | "getRateLimitStatus" | "penalize" | "reward" | "acquireLease"
>

/** Calls a rate limiting service and writes down what was asked and answered. All processes of a machine count from the same origin of the same clock. */
export class RecordedLimits<R extends RateLimitRules> {
  readonly #service: RecordedService<R>
  readonly #origin: bigint
  readonly #process: number
  #lines: LimitLine[] = []
  #leases = 0

  /** @param origin `process.hrtime.bigint()` at the start of the run, in whichever process took it */
  constructor(service: RecordedService<R>, origin: bigint, process: number) {
    this.#service = service
    this.#origin = origin
    this.#process = process
  }

  /** Takes units of a rule. @returns whether they were taken */
  async take(key: string, rule: CountingName<R>, units: number): Promise<boolean> {
    const { answer } = await this.#record({ subject: key, rule, op: "take", units }, async () =>
      toldOf(await this.#service.checkRateLimit({ key }, rule, { cost: units })),
    )
    return answer === "done"
  }

  /** Takes a unit of each of several rules, or of none. What denied is written down, and else what was taken; where the store did not answer, all of it, for it may have taken it. */
  async takeTogether(key: string, rules: readonly CountingName<R>[]): Promise<void> {
    const call = this.#now()
    const decision = await this.#service.checkRateLimits(rules.map((rule) => ({ subject: { key }, rule })))
    const settled = this.#now()
    for (const rule of decision.allowed || decision.judgedBy !== "store" ? rules : [decision.rule])
      this.#lines.push({ process: this.#process, subject: key, rule, op: "take", units: 1, call, settled, ...toldOf(decision) })
  }

  async giveBack(key: string, rule: CountingName<R>, units: number): Promise<void> {
    await this.#record({ subject: key, rule, op: "give back", units }, async () => {
      await this.#service.reward({ key }, rule, units)
      return { answer: "done", judgedBy: "store" }
    })
  }

  /** @returns what releases the lease; `null` when it was denied */
  async hold(key: string, rule: ConcurrencyName<R>): Promise<(() => Promise<void>) | null> {
    this.#leases += 1
    const asked = { subject: key, rule, units: 1, lease: `${this.#process}.${this.#leases}` }
    let held: Lease | undefined
    const { judgedBy } = await this.#record({ ...asked, op: "hold" }, async () => {
      const answer = await this.#service.acquireLease({ key }, rule)
      if (answer.allowed) held = answer
      return toldOf(answer)
    })
    const lease = held
    if (lease === undefined) return null
    return async () => {
      await this.#record({ ...asked, op: "release" }, async () => {
        await lease.release()
        return { answer: "done", judgedBy }
      })
    }
  }

  /** The lines so far, which are then forgotten here. */
  takeLines(): LimitLine[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  /** Whether one of the lines so far is such a one. */
  has(isSuch: (line: LimitLine) => boolean): boolean {
    return this.#lines.some(isSuch)
  }

  get count(): number {
    return this.#lines.length
  }

  async #record(asked: Asked, work: () => Promise<Told>): Promise<Told> {
    const call = this.#now()
    const told = await work().catch((error: unknown): Told => {
      if (!SessionError.is(error)) throw error
      return { answer: "untold", judgedBy: null }
    })
    this.#lines.push({ ...asked, process: this.#process, call, settled: this.#now(), ...told })
    return told
  }

  #now(): number {
    return Number(process.hrtime.bigint() - this.#origin) / NANOSECONDS
  }
}

function toldOf({ allowed, judgedBy }: { readonly allowed: boolean; readonly judgedBy: NonNullable<LimitLine["judgedBy"]> }): Told {
  return { answer: allowed ? "done" : "denied", judgedBy }
}
