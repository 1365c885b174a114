import { setTimeout as pause } from "node:timers/promises"
import type { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { RecordedClient } from "../../workloads/RecordedClient.js"
import { choose, oneOf, type Random, randomFrom } from "../../workloads/random.js"
import { SESSIONS_A_USER } from "../many-sessions.js"
import { HttpSessions } from "./HttpSessions.js"

const CLIENTS = 6
const USERS = 8
const PACE_MS = 8
const LOOKING = 12
const MOST_CALLS = 200_000
/** Longer than the touch interval of the processes. */
const BEFORE_TOUCH_MS = 60

interface Listed {
  readonly sessions: readonly { readonly sessionId: string; readonly lastAccessedAt: string }[]
}

/** Clients of the HTTP service whose calls are written down; half of them open a connection for each request. */
export class HttpLoad implements AsyncDisposable {
  readonly #recorder: HistoryRecorder
  readonly #lanes: readonly HttpSessions[]
  readonly #work: Promise<void>
  readonly #users: readonly string[]
  readonly #tokens = new Set<string>()
  #ended = false
  #calls = 0
  #touches = 0
  #failure: unknown

  constructor(ports: readonly number[], apiKey: string, recorder: HistoryRecorder, seed: number) {
    this.#recorder = recorder
    this.#lanes = [false, true].map((keepsConnections) => new HttpSessions(ports, apiKey, keepsConnections))
    this.#users = Array.from({ length: USERS }, (_, i) => `rolling ${seed} ${i}`)
    const shared = new Map(this.#users.map((user): [string, string[]] => [user, []]))
    this.#work = Promise.all(Array.from({ length: CLIENTS }, (_, i) => this.#live(i, randomFrom(seed + i * 104_729), shared))).then(
      () => undefined,
      (error: unknown) => {
        this.#failure = error
        this.#ended = true
      },
    )
  }

  get requests(): number {
    return this.#sum("requests")
  }

  get serverErrors(): number {
    return this.#sum("serverErrors")
  }

  get cutOff(): number {
    return this.#sum("cutOff")
  }

  get refused(): number {
    return this.#sum("refused")
  }

  get sentAgain(): number {
    return this.#sum("sentAgain")
  }

  async run(ms: number, signal: AbortSignal): Promise<void> {
    await pause(ms, undefined, { signal })
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Reads a session of its own through one process. @returns what tells later whether that read was written down */
  async touchThrough(port: number): Promise<{ wasKept(): Promise<boolean> }> {
    const [lane] = this.#lanes
    if (lane === undefined) throw new Error("Expected connections to the service, got none")
    this.#touches += 1
    const userId = `touched ${this.#touches}`
    const { token, session } = await lane.createSession({ userId, attributes: { text: "-" } })
    await pause(BEFORE_TOUCH_MS)
    await lane.askOf(port, "GET", "/v1/session", { token })
    return {
      wasKept: async () => {
        const { sessions } = (await lane.getUserSessions(userId)) as unknown as Listed
        return Date.parse(sessions[0]?.lastAccessedAt ?? "") > Date.parse(String(session.lastAccessedAt))
      },
    }
  }

  /** Ends the calls, and looks for every session once more. */
  async finish(): Promise<void> {
    this.#ended = true
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
    const tokens = this.#tokens.values()
    const users = this.#users.values()
    await Promise.all(
      Array.from({ length: LOOKING }, (_, i) => this.#lanes[i % this.#lanes.length]).map(async (lane) => {
        if (lane === undefined) return
        const client = new RecordedClient(lane, this.#recorder, CLIENTS)
        for (const token of tokens) await client.get(token)
        for (const user of users) await client.list(user)
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#work
    for (const lane of this.#lanes) lane[Symbol.dispose]()
  }

  async #live(number: number, random: Random, shared: ReadonlyMap<string, string[]>): Promise<void> {
    const lane = this.#lanes[number % this.#lanes.length]
    if (lane === undefined) return
    const client = new RecordedClient(lane, this.#recorder, number, true)
    while (!this.#ended && this.#calls < MOST_CALLS) {
      this.#calls += 1
      const user = this.#users[random(USERS)] ?? ""
      await this.#call(client, random, user, shared.get(user) ?? [])
      await pause(PACE_MS)
    }
  }

  async #call(client: RecordedClient, random: Random, user: string, known: string[]): Promise<void> {
    const keep = (token: string | undefined): void => {
      if (token === undefined) return
      known.push(token)
      this.#tokens.add(token)
    }
    const create = async (): Promise<void> => keep(await client.create(user, SESSIONS_A_USER))
    const token = oneOf(random, known.slice(-12))
    if (token === undefined) return create()
    await choose<() => Promise<unknown>>(random, [
      [20, create],
      [30, () => client.get(token)],
      [16, () => client.update(token)],
      [8, async () => keep(await client.rotate(token, random(2) === 0))],
      [8, () => client.delete(token)],
      [4, () => client.deleteByHandle(user, token.slice(0, token.lastIndexOf(".")))],
      [4, () => client.extend(token)],
      [10, () => client.list(user)],
      [2, () => client.deleteAll(user)],
    ])()
  }

  #sum(what: "requests" | "serverErrors" | "cutOff" | "refused" | "sentAgain"): number {
    return this.#lanes.reduce((sum, lane) => sum + lane[what], 0)
  }
}
