import { setTimeout as pause } from "node:timers/promises"
import type { RedisClientLike } from "coatcheck"
import { createRateLimitingService, type OwnedRateLimitingService } from "coatcheck/rate-limit"
import { ClockWatch } from "../../limits/ClockWatch.js"
import type { ClockOffset, LimitLine } from "../../limits/limit-line.js"
import { RecordedLimits } from "../../limits/RecordedLimits.js"
import { waitUntil } from "../../servers/wait-until.js"
import { oneOf, randomFrom } from "../../workloads/random.js"
import { Standstills } from "../Standstills.js"
import type { Disturbance } from "./judge-rates.js"
import { callOnce } from "./rate-calls.js"
import { COUNTING, RATE_RULES } from "./rate-rules.js"

type Rules = typeof RATE_RULES
type Service = OwnedRateLimitingService<Rules>

export interface RateLoadOptions {
  readonly store: string | RedisClientLike
  readonly seed: number
  readonly timeoutMs: number
}

/** What a load met, to be judged. */
export interface RateHistory {
  readonly lines: readonly LimitLine[]
  readonly offset: ClockOffset
  readonly disturbances: readonly Disturbance[]
  /** The longest call, without the time for which this process itself stood still, in milliseconds. */
  readonly longestOwnMs: number
}

/** Each stands for a process of its own. */
const SERVICES = 3
const LANES = 3
const KEYS = 2
/** Until the store has admitted something and denied something: where calls are few, that takes more than a moment. */
const MET_WITHIN_MS = 20_000
const MICROSECONDS = 1_000
const MOST_LINES = 300_000

/** Services that take, give back, hold and release by the rules `RATE_RULES` while something is done to the store. Everything is written down. */
export class RateLoad implements AsyncDisposable {
  readonly #origin = process.hrtime.bigint()
  readonly #standstills = new Standstills(this.#origin)
  readonly #clock = new ClockWatch(() => this.now())
  readonly #services: readonly Service[]
  readonly #recorded: readonly RecordedLimits<Rules>[]
  readonly #keys: readonly string[]
  readonly #options: RateLoadOptions
  readonly #disturbances: Disturbance[] = []
  #work: Promise<void> = Promise.resolve()
  #failure: unknown
  #ended = false
  #asked = 0

  private constructor(services: readonly Service[], options: RateLoadOptions) {
    this.#services = services
    this.#options = options
    this.#recorded = services.map((service, number) => new RecordedLimits(service, this.#origin, number))
    this.#keys = Array.from({ length: KEYS }, (_, at) => `rates-${options.seed}-${at}`)
  }

  static async start(options: RateLoadOptions): Promise<RateLoad> {
    const { store, timeoutMs } = options
    const open = (): Promise<Service> => createRateLimitingService({ store, rules: RATE_RULES, timeout: `${timeoutMs}ms` })
    const load = new RateLoad(await Promise.all(Array.from({ length: SERVICES }, open)), options)
    load.#begin()
    return load
  }

  /** Lets the calls go on for a while. */
  async run(ms: number, signal?: AbortSignal): Promise<void> {
    await pause(ms, undefined, signal === undefined ? {} : { signal })
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Does something to the store, and waits until every service hears it again. @returns how long that took after it was done, in milliseconds */
  async disturbing(work: () => Promise<unknown>, withinMs = 30_000): Promise<number> {
    const from = this.now()
    await work()
    const done = this.now()
    await this.recovered(withinMs)
    this.#disturbances.push({ from, to: this.now() })
    return (this.now() - done) / MICROSECONDS
  }

  /** Waits until the store answers every service for every key. @throws when it does not in time */
  async recovered(withinMs: number): Promise<void> {
    const until = performance.now() + withinMs
    for (const service of this.#services) {
      for (const key of this.#keys) {
        while ((await service.getRateLimitStatus({ key }, "log")).judgedBy !== "store") {
          if (performance.now() > until) throw new Error(`Expected the store to decide again within ${withinMs} ms`)
          await pause(20)
        }
      }
    }
  }

  /** Asks once for each word that a rule may have for an outage, about a key of which nothing is known yet. Without it chance decides whether every word is heard. */
  async askForEachWord(): Promise<void> {
    this.#asked += 1
    const key = `rates-${this.#options.seed}-asked-${this.#asked}`
    const asking = this.#recorded.slice(0, 1).flatMap((recorded) => (["log", "open", "local"] as const).map((rule) => recorded.take(key, rule, 1)))
    await Promise.all(asking)
  }

  /** Takes a unit of everything that counts, whatever is left, so that the store looks at every count. */
  async takeOfEach(): Promise<void> {
    const [service] = this.#services
    if (service === undefined) return
    await Promise.all(this.#keys.flatMap((key) => COUNTING.map((rule) => service.penalize({ key }, rule))))
  }

  /** Microseconds of the clock by which lines are written. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#origin) / MICROSECONDS
  }

  /** Ends the calls. */
  async finish(): Promise<RateHistory> {
    await waitUntil("the store to admit and to deny", MET_WITHIN_MS, async () => ["done", "denied"].every((answer) => this.#hasMet(answer)))
    this.#ended = true
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
    this.#standstills[Symbol.dispose]()
    const lines = this.#recorded.flatMap((recorded) => recorded.takeLines())
    const own = ({ call, settled }: LimitLine): number =>
      (settled - call) / MICROSECONDS - this.#standstills.within(call * MICROSECONDS, settled * MICROSECONDS) / 1_000_000
    const longestOwnMs = lines.reduce((longest, line) => Math.max(longest, own(line)), 0)
    return { lines, offset: this.#clock.offset, disturbances: this.#disturbances, longestOwnMs }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#work
    this.#standstills[Symbol.dispose]()
    this.#clock[Symbol.dispose]()
    await Promise.all(this.#services.map((service) => service.close()))
  }

  #hasMet(answer: string): boolean {
    return this.#ended || this.#recorded.some((one) => one.has((line) => line.op === "take" && line.judgedBy === "store" && line.answer === answer))
  }

  async #live(limits: RecordedLimits<Rules>, seed: number): Promise<void> {
    const random = randomFrom(seed)
    while (!this.#ended && limits.count < MOST_LINES) await callOnce(limits, oneOf(random, this.#keys) ?? "", random)
  }

  #begin(): void {
    const lanes = this.#recorded.flatMap((limits, number) =>
      Array.from({ length: LANES }, (_, lane) => this.#live(limits, this.#options.seed + number * 7_919 + lane * 104_729)),
    )
    this.#work = Promise.all(lanes).then(
      () => undefined,
      (error: unknown) => {
        this.#failure = error
        this.#ended = true
      },
    )
  }
}
