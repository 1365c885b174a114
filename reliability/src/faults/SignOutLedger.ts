import { type ISessionService, SessionError } from "coatcheck"
import type { Attributes } from "../workloads/RecordedClient.js"
import { countAlive } from "./many-sessions.js"

type Service = ISessionService<Attributes>

/** Sign-ins and sign-outs that were acknowledged, to be looked for after a failover. */
export class SignOutLedger {
  readonly #user: string
  readonly #signedIn = new Set<string>()
  readonly #signedOut = new Set<string>()
  readonly #refused = new Set<string>()
  #answeredAt: number | undefined
  #silenceMs = 0

  constructor(user: string) {
    this.#user = user
  }

  get signedOut(): number {
    return this.#signedOut.size
  }

  /** Calls that the store refused; nothing was promised of them. */
  get refused(): number {
    return this.#refused.size
  }

  /** The longest time between two calls that were acknowledged. */
  get silenceMs(): number {
    return this.#silenceMs
  }

  /** @returns the token, or `undefined` where it was not acknowledged */
  async signIn(service: Service): Promise<string | undefined> {
    const issued = await this.#acknowledged(service.createSession({ userId: this.#user, attributes: { text: "-" } }))
    if (issued !== undefined) this.#signedIn.add(issued.token)
    return issued?.token
  }

  async signOut(service: Service, token: string): Promise<void> {
    this.#signedIn.delete(token)
    const ended = await this.#acknowledged(service.deleteSession(token))
    if (ended === true) this.#signedOut.add(token)
    else this.#refused.add(token)
  }

  /** Acknowledged sign-ins of which nothing is left. */
  async lost(service: Service): Promise<number> {
    return this.#signedIn.size - (await countAlive(service, [...this.#signedIn]))
  }

  /** Acknowledged sign-outs whose session lives. */
  async undone(service: Service): Promise<number> {
    return countAlive(service, [...this.#signedOut])
  }

  async #acknowledged<T>(call: Promise<T>): Promise<T | undefined> {
    try {
      const answer = await call
      const now = performance.now()
      this.#silenceMs = Math.max(this.#silenceMs, now - (this.#answeredAt ?? now))
      this.#answeredAt = now
      return answer
    } catch (error) {
      if (SessionError.is(error)) return undefined
      throw error
    }
  }
}
