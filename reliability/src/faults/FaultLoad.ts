import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type OwnedSessionService, SessionError, type SessionServiceOptions } from "coatcheck"
import { checkHistory } from "../histories/check-history.js"
import { HistoryRecorder } from "../histories/HistoryRecorder.js"
import type { HistoryLine } from "../histories/history-line.js"
import type { Violation } from "../histories/violation.js"
import { liveAsUser } from "../workloads/jobs.js"
import { type Attributes, RecordedClient } from "../workloads/RecordedClient.js"
import { randomFrom } from "../workloads/random.js"

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

export interface LoadFinding {
  readonly operations: number
  readonly failed: number
  readonly unknown: number
  readonly violations: readonly Violation[]
  readonly undecided: readonly string[]
  /** Sessions of which something acknowledged was not there afterwards. */
  readonly lost: number
  /** Sessions that were found after their end had been acknowledged. */
  readonly revived: number
  /** Answers that said a record could not be read. */
  readonly partial: number
  readonly longestCallMs: number
  /** The longest time in which nothing was answered, in milliseconds. */
  readonly silenceMs: number
  /** By how much this process itself was late at worst, in milliseconds: a busy machine is no fault of the service. */
  readonly lateMs: number
  readonly lines: readonly HistoryLine[]
}

const LIMIT = 5
const SEARCH_MS = 10_000
const MOST_CALLS = 400_000
const LOOKING = 16
const NANOSECONDS = 1_000_000

/**
 * Clients of one service that sign in, read, change and sign out while something is done to the store. Everything is written down, and judged by the
 * checkers at the end, after each session was looked for once more.
 */
export class FaultLoad implements AsyncDisposable {
  readonly service: LoadService
  readonly #origin = process.hrtime.bigint()
  readonly #recorder = new HistoryRecorder(this.#origin)
  readonly #users: readonly string[]
  readonly #work: Promise<void>
  readonly #lines: HistoryLine[] = []
  readonly #tokens = new Set<string>()
  readonly #lateness = monitorEventLoopDelay({ resolution: 10 })
  #ended = false
  #calls = 0
  #failure: unknown

  private constructor(service: LoadService, { seed, clients = 8, users = 12, limit = LIMIT, paceMs = 1 }: LoadOptions) {
    this.service = service
    this.#lateness.enable()
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
    return new FaultLoad(await createSessionService<Attributes>({ store, timeout, touchInterval: "50ms" }), options)
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
    this.#ended = true
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
    await this.recovered()
    const tokens = this.#tokens.values()
    const users = this.#users.values()
    const look = async (): Promise<void> => {
      const client = new RecordedClient(this.service, this.#recorder, 99)
      for (const token of tokens) await client.get(token)
      for (const user of users) await client.list(user)
    }
    await Promise.all(Array.from({ length: LOOKING }, look))
    for (const line of this.#recorder.take()) this.#lines.push(line)
    this.#lateness.disable()
    return judge(this.#lines, this.#lateness.max / NANOSECONDS)
  }

  /** The time by which the lines are written, in nanoseconds. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#origin)
  }

  /** Calls that were begun so far. */
  get calls(): number {
    return this.#calls
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#work
    await this.service.close()
  }

  #keep(known: string[], token: string): void {
    known.push(token)
    this.#tokens.add(token)
  }
}

const LOSSES: readonly Violation["rule"][] = ["V1", "V2", "V3", "V6", "V7"]

/** Judges a history that a fault ran through. @param lateMs by how much the process that wrote it was late at worst */
export function judge(lines: readonly HistoryLine[], lateMs = 0): LoadFinding {
  const { operations, unknown, violations, undecided } = checkHistory(lines, SEARCH_MS)
  const subjects = (rules: readonly Violation["rule"][]): number =>
    new Set(violations.filter(({ rule }) => rules.includes(rule)).map((one) => one.subject)).size
  return {
    operations,
    unknown,
    failed: lines.filter(({ outcome }) => outcome === "fail").length,
    violations,
    undecided,
    lost: subjects(LOSSES),
    revived: subjects(["V5"]),
    partial: lines.filter(({ value }) => value.code === "ERR_SESSION_CORRUPT").length,
    longestCallMs: lines.reduce((longest, { call, settled }) => Math.max(longest, settled - call), 0) / NANOSECONDS,
    silenceMs: longestSilence(lines) / NANOSECONDS,
    lateMs,
    lines,
  }
}

function longestSilence(lines: readonly HistoryLine[]): number {
  const answers = lines.filter(({ outcome }) => outcome === "ok").map(({ settled }) => settled)
  answers.sort((a, b) => a - b)
  return answers.reduce((longest, at, i) => Math.max(longest, at - (answers[i - 1] ?? at)), 0)
}
