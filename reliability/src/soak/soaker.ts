// A process whose heap is looked at: one service, a steady load, and samples when the parent asks. Runs with --expose-gc, and ends with its parent.
import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type OwnedSessionService, SessionError } from "coatcheck"
import { nearCacheOn } from "../near/near-mode.js"
import type { Attributes } from "../workloads/RecordedClient.js"
import { choose, type Random, randomFrom } from "../workloads/random.js"
import type { FromSoaker, ProcessSample, SoakerAnswer, ToSoaker } from "./soak-messages.js"

const TICK_MS = 10
const MOST_IN_FLIGHT = 200
const WIDTH_OF_MEASURE = 32
/** Of what the store can do. */
const SHARE = 0.5

class Soaker {
  readonly #service: OwnedSessionService<Attributes, Attributes>
  readonly #random: Random
  readonly #tokens: string[] = []
  readonly #sessions: number
  #inFlight = 0
  #answered = 0
  #failed = 0
  #paused = false
  #ended = false
  #surprise: unknown
  #load: Promise<void> = Promise.resolve()

  constructor(service: OwnedSessionService<Attributes, Attributes>, { seed, sessions }: ToSoaker & { do: "begin" }) {
    this.#service = service
    this.#random = randomFrom(seed)
    this.#sessions = sessions
  }

  /** Opens the sessions, finds out how many calls a second are answered, and goes on with half of them. */
  async begin(measureMs: number): Promise<{ readonly callsASecond: number }> {
    while (this.#tokens.length < this.#sessions) this.#tokens.push(await this.#signIn())
    const until = performance.now() + measureMs
    const lane = async (): Promise<void> => {
      while (performance.now() < until) await this.#call()
    }
    await Promise.all(Array.from({ length: WIDTH_OF_MEASURE }, lane))
    const callsASecond = Math.round((this.#answered / measureMs) * 1_000)
    this.#load = this.#keepUp(callsASecond * SHARE)
    return { callsASecond }
  }

  async sample(): Promise<ProcessSample> {
    this.#paused = true
    while (this.#inFlight > 0) await pause(TICK_MS)
    await pause(TICK_MS)
    for (let i = 0; i < 3; i++) globalThis.gc?.()
    const { heapUsed, rss } = process.memoryUsage()
    const resources = process.getActiveResourcesInfo()
    const timers = resources.filter((name) => name === "Timeout" || name === "Immediate").length
    const sample = { answered: this.#answered, failed: this.#failed, heap: heapUsed, rss, handles: resources.length - timers, timers }
    this.#answered = 0
    this.#failed = 0
    this.#paused = false
    if (this.#surprise !== undefined) throw this.#surprise
    return sample
  }

  async stop(): Promise<void> {
    this.#ended = true
    await this.#load
    while (this.#inFlight > 0) await pause(TICK_MS)
    await this.#service.close()
  }

  async #keepUp(callsASecond: number): Promise<void> {
    const began = performance.now()
    let due = 0
    for (let made = 0; !this.#ended; ) {
      await pause(TICK_MS)
      due = ((performance.now() - began) / 1_000) * callsASecond
      // What could not be sent in time is left out: a store that comes back must not meet all of it at once.
      if (this.#paused || due - made > callsASecond) made = Math.floor(due)
      for (; made < due && this.#inFlight < MOST_IN_FLIGHT && !this.#paused; made++) void this.#call()
    }
  }

  async #call(): Promise<void> {
    this.#inFlight += 1
    const place = this.#random(this.#tokens.length)
    const token = this.#tokens[place] ?? ""
    try {
      await choose<() => Promise<unknown>>(this.#random, [
        [85, () => this.#service.getSession(token)],
        [8, () => this.#service.updateSession(token, { text: String(this.#random(1_000_000)) })],
        [4, () => this.#replace(place)],
        [3, () => this.#service.deleteSession(token)],
      ])()
      this.#answered += 1
    } catch (error) {
      this.#failed += 1
      if (!SessionError.is(error)) this.#surprise ??= error
    } finally {
      this.#inFlight -= 1
    }
  }

  async #replace(place: number): Promise<void> {
    this.#tokens[place] = await this.#signIn()
  }

  async #signIn(): Promise<string> {
    const userId = `soak-${this.#random(this.#sessions)}`
    return (await this.#service.createSession({ userId, attributes: { text: "-" }, maxSessionsPerUser: 5 })).token
  }
}

let soaker: Soaker | undefined

async function perform(task: ToSoaker): Promise<SoakerAnswer> {
  if (task.do === "begin") {
    const { idleMs, touchMs, absoluteMs } = task.times
    const service = await createSessionService<Attributes>({
      store: task.url,
      nearCache: nearCacheOn(task.url),
      timeout: "1s",
      idleTimeout: `${idleMs}ms`,
      touchInterval: `${touchMs}ms`,
      absoluteTimeout: `${absoluteMs}ms`,
    })
    soaker = new Soaker(service, task)
    return soaker.begin(task.measureMs)
  }
  if (soaker === undefined) throw new Error("Expected the load to begin first")
  if (task.do === "sample") return soaker.sample()
  await soaker.stop()
  return undefined
}

process.on("message", (task: ToSoaker) => {
  const send = (message: FromSoaker): void => void process.send?.(message)
  perform(task).then(
    (value) => send({ id: task.id, value }),
    (error: unknown) => send({ id: task.id, error: error instanceof Error ? (error.stack ?? error.message) : "no error object" }),
  )
})
process.on("disconnect", () => process.exit(0))
// Ctrl-C reaches every process of the terminal; the parent decides.
process.on("SIGINT", () => undefined)
