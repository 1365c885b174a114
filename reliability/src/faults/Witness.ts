import { setTimeout as pause } from "node:timers/promises"
import { type ISessionService, SessionError } from "coatcheck"
import type { Attributes } from "../workloads/RecordedClient.js"

const EVERY_MS = 2

/** One session that is changed again and again, so that what is left of it tells how much of the end was lost. */
export class Witness {
  readonly #service: ISessionService<Attributes>
  readonly #token: string
  /** When each version was acknowledged, by `performance.now()`. */
  readonly #acknowledged = new Map<number, number>([[1, 0]])
  readonly #work: Promise<void>
  #ended = false

  private constructor(service: ISessionService<Attributes>, token: string) {
    this.#service = service
    this.#token = token
    this.#work = this.#write()
  }

  static async start(service: ISessionService<Attributes>): Promise<Witness> {
    const { token } = await service.createSession({ userId: "witness", attributes: { text: "1" }, maxSessionsPerUser: 1 })
    return new Witness(service, token)
  }

  async end(): Promise<void> {
    this.#ended = true
    await this.#work
  }

  /** What of the acknowledged changes is not there. Each version writes its own number, so a mix would show. */
  async lost(): Promise<{ readonly writes: number; readonly firstAt: number | undefined; readonly mixed: boolean }> {
    const session = await this.#service.getSession(this.#token, { touch: false })
    const version = session?.version ?? 0
    const gone = [...this.#acknowledged].filter(([written]) => written > version).map(([, at]) => at)
    return {
      writes: gone.length,
      firstAt: gone.length === 0 ? undefined : Math.min(...gone),
      mixed: session !== null && session.attributes.text !== String(version),
    }
  }

  async #write(): Promise<void> {
    let version = 1
    while (!this.#ended) {
      try {
        const session = await this.#service.updateSession(this.#token, { text: String(version + 1) }, { ifVersion: version })
        if (session === null) return
        version = session.version
        this.#acknowledged.set(version, performance.now())
      } catch (error) {
        if (!SessionError.is(error)) throw error
        return
      }
      await pause(EVERY_MS)
    }
  }
}
