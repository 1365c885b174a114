import { setTimeout as pause } from "node:timers/promises"
import { SessionError } from "../../../domain/errors.js"
import { RepeatBudget } from "./repeat-budget.js"

/** Milliseconds before the second copy is offered to a client that has no connection yet; doubled each time. */
const FIRST_PAUSE_MS = 10

interface SendOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * Sends a change a second time when the reply to the first was lost with its connection. Everything that goes through here is answered the second
 * time as it was the first, or may be done twice.
 *
 * One deadline holds for both copies, so a call whose deadline passed is not repeated. When the second copy fails too, whatever its error says, the
 * first may have been applied: its error is the call's.
 */
export class LostReplies {
  readonly #timeoutMs: number
  readonly #budget = new RepeatBudget()

  /** @param timeoutMs - how long both copies may take together, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** @param read - what the caller makes of an answer, and whether it is that of a second copy */
  run<T, O extends SendOptions, R>(send: (options: O) => Promise<T>, options: O, read: (value: T, repeated: boolean) => R): Promise<R> {
    const deadline = performance.now() + this.#timeoutMs
    this.#budget.countCall()
    return send(options).then(
      (value) => read(value, false),
      async (error: unknown) => {
        if (!isLostReply(error) || options.signal?.aborted || performance.now() >= deadline || !this.#budget.take()) throw error
        return read(await repeat(send, options, deadline, error), true)
      },
    )
  }
}

async function repeat<T, O extends SendOptions>(send: (options: O) => Promise<T>, options: O, deadline: number, lost: unknown): Promise<T> {
  const { signal } = options
  const timeUp = AbortSignal.timeout(Math.ceil(deadline - performance.now()))
  const both = signal === undefined ? timeUp : AbortSignal.any([signal, timeUp])
  for (let wait = FIRST_PAUSE_MS; ; wait *= 2) {
    try {
      return await send({ ...options, signal: both })
    } catch (error) {
      signal?.throwIfAborted()
      // While the client connects again it refuses calls without sending them.
      if (!isNotConnected(error)) throw lost
    }
    await pause(wait, undefined, { signal: both }).catch(() => {
      signal?.throwIfAborted()
      throw lost
    })
  }
}

function isLostReply(error: unknown): boolean {
  return SessionError.is(error, "ERR_STORE_TIMEOUT") && error.outcome === "unknown"
}

function isNotConnected(error: unknown): boolean {
  return SessionError.is(error, "ERR_STORE_UNAVAILABLE") && error.outcome === "not-applied"
}
