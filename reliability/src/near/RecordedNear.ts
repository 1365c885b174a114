import { type ISessionService, SessionError } from "coatcheck"
import { nameSecret } from "../histories/HistoryRecorder.js"
import { NANOSECONDS } from "../histories/history-line.js"
import type { Attributes } from "../workloads/RecordedClient.js"
import type { NearLine } from "./near-line.js"

/** Calls of one process, written down by the clock of the machine. */
export class RecordedNear {
  readonly lines: NearLine[] = []
  readonly #service: ISessionService<Attributes>
  readonly #origin: bigint
  readonly #process: number

  constructor(service: ISessionService<Attributes>, { origin, process: number }: { readonly origin: bigint; readonly process: number }) {
    this.#service = service
    this.#origin = origin
    this.#process = number
  }

  async read(token: string): Promise<void> {
    // What has to be waited for comes no sooner than in the next turn of the event loop.
    let hasTurned = false
    const turn = setImmediate(() => {
      hasTurned = true
    })
    const told = await this.#record("read", token, async () => (await this.#service.getSession(token))?.version ?? null)
    clearImmediate(turn)
    this.lines.push({ ...told, isHit: !hasTurned })
  }

  async end(token: string): Promise<void> {
    this.lines.push(await this.#record("end", token, async () => acknowledged(await this.#service.deleteSession(token))))
  }

  /** @param tokens all that the user has */
  async endAll(user: string, tokens: readonly string[]): Promise<void> {
    const [first = "", ...others] = tokens
    const told = await this.#record("end", first, async () => acknowledged(await this.#service.deleteUserSessions(user)))
    this.lines.push(told)
    for (const token of others) this.lines.push({ ...told, ...namesOf(token) })
  }

  /** The secret works no longer. */
  async replace(token: string): Promise<void> {
    this.lines.push(await this.#record("replace", token, async () => acknowledged((await this.#service.rotateSession(token, { grace: 0 })) !== null)))
  }

  async change(token: string): Promise<void> {
    this.lines.push(
      await this.#record("change", token, async () => (await this.#service.updateSession(token, { text: String(this.lines.length) }))?.version ?? null),
    )
  }

  /** By the common clock, in milliseconds. */
  now(): number {
    return Number(process.hrtime.bigint() - this.#origin) / NANOSECONDS
  }

  async #record(op: NearLine["op"], token: string, work: () => Promise<number | null | undefined>): Promise<NearLine> {
    const call = this.now()
    const version = await work().catch((error: unknown) => {
      if (!SessionError.is(error)) throw error
      return undefined
    })
    return { process: this.#process, op, ...namesOf(token), call, settled: this.now(), version }
  }
}

/** What a line tells of a token. */
export function namesOf(token: string): Pick<NearLine, "session" | "secret"> {
  return { session: token.split(".").slice(0, 2).join("."), secret: nameSecret(token) }
}

/** Something was ended or replaced. */
function acknowledged(done: boolean | number): null | undefined {
  return done === false || done === 0 ? undefined : null
}
