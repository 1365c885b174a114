import { type ISessionService, SessionError } from "coatcheck"
import { slotOfToken } from "../servers/key-slot.js"
import type { SlotMover } from "../servers/SlotMover.js"
import type { Attributes } from "../workloads/RecordedClient.js"

const SESSIONS = 6

/** A user whose slot is moved while nobody else uses it, so that every answer is known beforehand. */
export class SplitSlotProbe {
  readonly slot: number
  readonly #service: ISessionService<Attributes>
  readonly #user: string
  readonly #tokens: string[]
  /** How long the longest sign-in waited for a slot to arrive, in milliseconds. */
  longestWaitMs = 0

  private constructor(service: ISessionService<Attributes>, user: string, tokens: string[]) {
    this.#service = service
    this.#user = user
    this.#tokens = tokens
    this.slot = slotOfToken(tokens[0] ?? "")
  }

  static async open(service: ISessionService<Attributes>, user: string): Promise<SplitSlotProbe> {
    const tokens: string[] = []
    for (let i = 0; i < SESSIONS; i++) tokens.push((await service.createSession({ userId: user, attributes: { text: "-" } })).token)
    return new SplitSlotProbe(service, user, tokens)
  }

  /** Moves the slot, and calls everything while it lies on two nodes. @returns what did not hold */
  async move(mover: SlotMover): Promise<readonly string[]> {
    const why: string[] = []
    let signingIn: Promise<void> | undefined
    const whileSplit = async (): Promise<void> => {
      if (signingIn !== undefined) return
      signingIn = this.#signIn(why)
      // The slot stays as it is until these have answered: one that waited for it would run out of time.
      await this.#useEverySession(why)
    }
    await mover.move(this.slot, { batch: 2, whileSplit })
    await signingIn
    return why
  }

  async #useEverySession(why: string[]): Promise<void> {
    const leaving = this.#tokens.shift() ?? ""
    const calls: readonly (readonly [string, Promise<unknown>])[] = [
      ...this.#tokens.flatMap((token, i) => [
        ["read", this.#service.getSession(token)] as const,
        ["change", this.#service.updateSession(token, { text: `split ${i}` })] as const,
        ["extension", this.#service.extendSession(token)] as const,
      ]),
      ["sign-out", this.#service.deleteSession(leaving)],
    ]
    for (const [name, call] of calls) {
      const answer = await call.catch((error: unknown) => (SessionError.is(error) ? error.code : "an error of another kind"))
      if (answer === null || answer === false || typeof answer === "string")
        why.push(`Expected a ${name} to work while its slot lies on two nodes, got ${answer}`)
    }
  }

  async #signIn(why: string[]): Promise<void> {
    const began = performance.now()
    try {
      this.#tokens.push((await this.#service.createSession({ userId: this.#user, attributes: { text: "-" } })).token)
    } catch (error) {
      if (!SessionError.is(error)) throw error
      if (!error.retryable || error.outcome !== "not-applied")
        why.push(`Expected a sign-in that could not wait to be retryable and not applied, got ${error.code}`)
    }
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - began)
  }
}
