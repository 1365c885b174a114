import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type OwnedSessionService, SessionError, type SessionServiceOptions } from "coatcheck"
import { HistoryRecorder } from "../histories/HistoryRecorder.js"
import type { HistoryLine } from "../histories/history-line.js"
import { leaseOn, nearCacheOn } from "../near/near-mode.js"
import { waitUntil } from "../servers/wait-until.js"
import { liveAsUser } from "../workloads/jobs.js"
import { type Attributes, RecordedClient } from "../workloads/RecordedClient.js"
import { randomFrom } from "../workloads/random.js"
import type { Calm } from "./broken-in-calm.js"
import { watchCloses } from "./closed-connections.js"
import { judge, type LoadFinding } from "./judge.js"
import { Standstills } from "./Standstills.js"

type LoadService = OwnedSessionService<Attributes, Attributes>

export interface LoadOptions extends Pick<SessionServiceOptions, "store" | "timeout"> {
  readonly seed: number
  /** Clients that each make one call at a time. */
  readonly clients?: number
  readonly users?: number
  /** Sessions a user. */
  readonly limit?: number | undefined
  /** Between two calls of one client, in milliseconds. */
  readonly paceMs?: number
}

const LIMIT = 5
const MOST_CALLS = 400_000
const LOOKING = 16
/** How long nothing is done before a fault and after it, and how long the first may take until sessions were ended in it. */
const CALM_MS = 300
const CALM_AT_MOST_MS = 10_000

/**
 * Clients of one service that sign in, read, change and sign out while something is done to the store. Everything is written down, and judged by the
 * checkers at the end, after each session was looked for once more.
 */
export class FaultLoad implements AsyncDisposable {
  readonly service: LoadService
  readonly #origin = process.hrtime.bigint()
  readonly #leaseMs: number | null
  readonly #recorder = new HistoryRecorder(this.#origin)
  readonly #users: readonly string[]
  readonly #work: Promise<void>
  readonly #lines: HistoryLine[] = []
  readonly #tokens = new Set<string>()
  readonly #standstills = new Standstills(this.#origin)
  readonly #ends: HistoryLine[] = []
  readonly #closes: number[] = []
  #calm: Calm | undefined
  #ended = false
  #calls = 0
  #failure: unknown

  private constructor(service: LoadService, { store, seed, clients = 8, users = 12, limit = LIMIT, paceMs = 1 }: LoadOptions, leaseMs: number | null) {
    this.service = service
    this.#leaseMs = leaseMs
    watchCloses(store, () => void this.#closes.push(Number(process.hrtime.bigint() - this.#origin)))
    this.#users = Array.from({ length: users }, (_, i) => `load-${seed}-${i}`)
    const shared = new Map(this.#users.map((user): [string, string[]] => [user, []]))
    const live = async (_: unknown, i: number): Promise<void> => {
      const client = new RecordedClient(service, this.#recorder, i, true)
      const random = randomFrom(seed + i * 104_729)
      while (!this.#ended && this.#calls < MOST_CALLS) {
        const user = this.#users[random(users)] ?? ""
        const known = shared.get(user) ?? []
        this.#calls += 1
        await liveAsUser(client, random, { user, limit, recent: () => known.slice(-12), keep: (token) => this.#keep(known, token) })
        await pause(paceMs)
      }
    }
    this.#work = Promise.all(Array.from({ length: clients }, live)).then(
      () => undefined,
      (error: unknown) => {
        this.#failure = error
        this.#ended = true
      },
    )
  }

  static async start(options: LoadOptions): Promise<FaultLoad> {
    const { store, timeout = "1s" } = options
    const service = await createSessionService<Attributes>({ store, timeout, touchInterval: "50ms", nearCache: nearCacheOn(store) })
    return new FaultLoad(service, options, leaseOn(store))
  }

  /** Lets the clients go on for a while. */
  async run(ms: number, signal?: AbortSignal): Promise<void> {
    await pause(ms, undefined, signal === undefined ? {} : { signal })
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Waits until a sign-in is answered again. @returns how long that took, in milliseconds; @throws when it is not in time */
  async recovered(withinMs = 30_000): Promise<number> {
    const began = performance.now()
    for (;;) {
      try {
        const { token } = await this.service.createSession({ userId: "recovery", attributes: { text: "-" } })
        await this.service.deleteSession(token)
        return performance.now() - began
      } catch (error) {
        if (!SessionError.is(error)) throw error
        if (performance.now() - began > withinMs) throw new Error(`Expected the service to recover within ${withinMs} ms, got ${error.code}: ${error.message}`)
        await pause(20)
      }
    }
  }

  /** Ends the calls, looks for every session once more, and judges all that was answered. The service stays open for `close`. */
  async finish(): Promise<LoadFinding> {
    if (this.#calm !== undefined) await this.run(CALM_MS)
    this.#ended = true
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
    await this.recovered()
    if (this.#tokens.size === 0) throw new Error("Expected sign-ins to be answered while there was a load, got none")
    const tokens = this.#tokens.values()
    const users = this.#users.values()
    const look = async (): Promise<void> => {
      const client = new RecordedClient(this.service, this.#recorder, 99)
      for (const token of tokens) await client.get(token)
      for (const user of users) await client.list(user)
    }
    await Promise.all(Array.from({ length: LOOKING }, look))
    for (const line of this.#recorder.take()) this.#lines.push(line)
    this.#standstills[Symbol.dispose]()
    return judge(this.#lines, { standstills: this.#standstills, ends: this.#ends, calm: this.#calm, closes: this.#closes, leaseMs: this.#leaseMs })
  }

  /** Does something that may lose writes. What was answered before the first of it, and what is opened after the last, is excused by nothing. */
  async disrupting<T>(work: () => Promise<T>): Promise<T> {
    if (this.#calm === undefined) await this.#beCalm()
    const until = this.#calm?.until ?? this.now()
    const result = await work()
    await this.recovered()
    this.#calm = { until, from: this.now() }
    return result
  }

  /** Does what ends every session that there is, at once; the judges then know that it does, and excuse nothing else. */
  async endingAll(work: () => Promise<unknown>): Promise<void> {
    const call = this.now()
    await work()
    const ret = this.now()
    const line = { client: "the fault", op: "deleteAll", call, ret, settled: call, outcome: "ok", value: {} } as const
    for (const user of this.#users) this.#ends.push({ ...line, args: { user } })
  }

  /** The time by which the lines are written, in nanoseconds. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#origin)
  }

  /** For how long this process itself stood still since then, in milliseconds. @param from by the same clock as `now` */
  stoodStill(from: number): number {
    return this.#standstills.within(from, this.now()) / 1_000_000
  }

  /** Calls that were begun so far. */
  get calls(): number {
    return this.#calls
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#work
    this.#standstills[Symbol.dispose]()
    await this.service.close()
  }

  // Until the calm before the fault proves something: sessions were ended in it. Where calls are few, that takes more than a moment.
  async #beCalm(): Promise<void> {
    await this.run(Math.max(0, CALM_MS - this.now() / 1_000_000))
    const wasEnded = async (): Promise<boolean> => this.#recorder.has(({ op, outcome }) => op === "delete" && outcome === "ok")
    await waitUntil("a session to be ended before the fault", CALM_AT_MOST_MS, wasEnded)
    if (this.#failure !== undefined) throw this.#failure
  }

  #keep(known: string[], token: string): void {
    known.push(token)
    this.#tokens.add(token)
  }
}
