import { asArgumentError, type SessionError } from "../../domain/errors.js"
import type { CallOptions } from "../../domain/interfaces/session/ISessionService.js"
import { readOnce } from "../../shared/assertions.js"
import { CallDeadlines, deadlinePassed } from "../call-deadlines.js"
import { InFlight } from "../InFlight.js"
import { CallStep, type StepOptions } from "./CallStep.js"
import { checkSignal } from "./call-signal.js"

/** What surrounds every call of a service: how many there may be, whether they are still taken, how long they may last, and which code bad input gets. */
export class ServiceCalls {
  readonly #timeoutMs: number
  readonly #inFlight: InFlight
  readonly #deadlines: CallDeadlines
  #closing: Promise<void> | null = null

  /**
   * @param what - whose calls they are, for an error
   * @param timeoutMs - how long each may take, in milliseconds, from 1
   */
  constructor(what: string, timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#inFlight = new InFlight(what)
    this.#deadlines = new CallDeadlines(timeoutMs)
  }

  /**
   * A call that ends with its deadline: one for all that it does, its round trips, its repetitions, and its waiting for other calls. `own` are its options, read once.
   *
   * @param beganAt - when its time began, by `performance.now()`
   */
  async run<T, O extends CallOptions | undefined>(
    options: O,
    work: (step: CallStep, own: O) => Promise<T>,
    signsOut = false,
    beganAt: number = performance.now(),
  ): Promise<T> {
    this.#inFlight.enter(signsOut)
    let step: CallStep | undefined
    const expired = (): SessionError => deadlinePassed(this.#timeoutMs, step?.mayHaveChanged !== true)
    try {
      const own = readOnce(options)
      const signal = checkSignal(own)
      const start = (ending: AbortSignal): Promise<T> => {
        step = new CallStep(ending, beganAt + this.#timeoutMs, signal !== undefined)
        return work(step, own)
      }
      return await this.#deadlines.run(start, expired, signal, beganAt)
    } catch (error) {
      // Of a wait that the deadline ended nothing more is known than of the call.
      throw asArgumentError(step?.isOver(error) ? expired() : error)
    } finally {
      this.#inFlight.leave()
    }
  }

  /**
   * Begins a read whose one step ends within the deadline by itself, and which ends by `finish` or by `failed`, once. It runs for every request, so hardly anything
   * is made anew for it.
   *
   * @throws ERR_CLOSED · ERR_STORE_OVERLOADED
   */
  begin(): void {
    this.#inFlight.enter(false)
  }

  /** Ends a read with the answer that is judged, or when that is there, or with what is thrown. */
  finish<T>(judge: () => T | Promise<T>): T | Promise<T> {
    let answer: T | Promise<T>
    try {
      answer = judge()
    } catch (error) {
      throw this.failed(error)
    }
    if (answer instanceof Promise) return answer.then(this.#passed, this.#refused)
    this.#inFlight.leave()
    return answer
  }

  /** Ends a read with an error. @returns what its caller is told */
  failed(error: unknown): unknown {
    this.#inFlight.leave()
    return asArgumentError(error)
  }

  /** What a read waits for beside its one step, until its own deadline. @param beganAt - when it began, by `performance.now()` */
  rest<T>(beganAt: number, step: (options: StepOptions) => Promise<T>): Promise<T> {
    const expired = (): SessionError => deadlinePassed(this.#timeoutMs, true)
    return this.#deadlines.run(() => step({ deadline: beganAt + this.#timeoutMs }), expired, undefined, beganAt)
  }

  readonly #passed = <T>(value: T): T => {
    this.#inFlight.leave()
    return value
  }

  readonly #refused = (error: unknown): never => {
    throw this.failed(error)
  }

  /** A call that may use the reserve. */
  signOut<T, O extends CallOptions | undefined>(options: O, work: (step: CallStep, own: O) => Promise<T>): Promise<T> {
    return this.run(options, work, true)
  }

  /**
   * A call whose length nobody can tell beforehand: its steps have deadlines of their own.
   *
   * @throws ERR_CLOSED · ERR_STORE_OVERLOADED · ERR_INVALID_ARGUMENT · the reason of a signal that is aborted already; nothing is done then
   */
  async runUnbounded<T, O extends CallOptions | undefined>(
    options: O,
    work: (signal: AbortSignal | undefined, own: O) => Promise<T>,
    signsOut = false,
  ): Promise<T> {
    this.#inFlight.enter(signsOut)
    try {
      const own = readOnce(options)
      const signal = checkSignal(own)
      signal?.throwIfAborted()
      return await work(signal, own)
    } catch (error) {
      throw asArgumentError(error)
    } finally {
      this.#inFlight.leave()
    }
  }

  /**
   * A call of one step that may change something, for a caller that has read its options. What the step throws is thrown as it is.
   *
   * @param givesBack - may use the reserve
   *
   * @throws ERR_CLOSED · ERR_STORE_OVERLOADED · ERR_STORE_TIMEOUT, which leaves in doubt what was done · the signal's reason
   */
  async changing<T>(signal: AbortSignal | undefined, step: (signal: AbortSignal) => Promise<T>, givesBack = false): Promise<T> {
    this.#inFlight.enter(givesBack)
    try {
      return await this.#deadlines.run(step, () => deadlinePassed(this.#timeoutMs, false), signal)
    } finally {
      this.#inFlight.leave()
    }
  }

  /** For what is answered without a call. @throws ERR_CLOSED */
  assertOpen(): void {
    this.#inFlight.assertOpen()
  }

  /** Takes no further calls, waits for those under way, then lets go of what they use: once, however often it is called. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#drain().then(release)
    return this.#closing
  }

  async #drain(): Promise<void> {
    await this.#inFlight.drain()
    await this.#deadlines.close()
  }
}
