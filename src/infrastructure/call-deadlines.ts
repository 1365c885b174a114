import { setMaxListeners } from "node:events"
import { SessionError } from "../domain/errors.js"
import { onAbort } from "./abort-hub.js"

/** Calls that began within a few milliseconds of each other; they share one timer and one abort signal. */
interface Bucket {
  readonly joinUntil: number
  readonly expiresAt: number
  readonly controller: AbortController
  readonly waits: Set<Wait>
  /** How many calls within calls go by its signal: they end by it, also where the call around them has ended. */
  inner: number
  timer: NodeJS.Timeout
  /** Lets go of the timer where nobody needs it. */
  retire(): void
}

/** One call that waits. A class, for a literal may come to lie in the old generation, and all that waits with it (bench/README.md). */
class Wait {
  /** Only where the caller may end the wait. */
  readonly controller: AbortController | undefined
  readonly expire: () => void

  constructor(controller: AbortController | undefined, expire: () => void) {
    this.controller = controller
    this.expire = expire
  }
}

const LONGEST_SPAN_MS = 10

/** Whose signal that is. */
const BUCKETS = new WeakMap<AbortSignal, Bucket>()
/** What signals are aborted with when a deadline passes. Whoever calls may abort with an error of any kind, which is then told as it is. */
const DEADLINES = new WeakSet<SessionError>()

/**
 * One deadline for each call of a service. No client ends a call on a server that went silent, so this does.
 *
 * Deadlines nest: a call within a call gets the outer one's signal, and what it says when that is aborted by the outer deadline, or what its client
 * says then, arrives before the outer call has to answer for itself. Whoever is nearest to the store knows best whether anything was sent.
 *
 * Calls are gathered in buckets, because an abort controller for each call costs eight times as much as a listener on a shared one.
 * A call therefore ends up to 10 ms (or a twentieth of the deadline, if that is less) late, and never early.
 *
 * The timers do not keep the process alive: a call that waits does so through its client's socket, or through the timer with which its client
 * connects again. A process whose client holds neither has nothing to wait for.
 */
export class CallDeadlines {
  readonly #timeoutMs: number
  readonly #spanMs: number
  #open: Bucket | undefined
  #waiting = 0
  #whenDrained: (() => void) | undefined

  /** @param timeoutMs - how long each call may take, in milliseconds, from 1 */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
    this.#spanMs = Math.min(LONGEST_SPAN_MS, timeoutMs / 20)
  }

  /**
   * Starts a call and waits for it until its deadline, or until the caller's signal.
   *
   * A signal that is already aborted rejects with its reason, and nothing is started. A result that comes too late is dropped, an error that
   * comes too late as well.
   *
   * @param start - begins the call; its signal is aborted when nobody waits any more, so that what is not yet written need not be
   * @param expired - makes the error of a call whose deadline passed
   * @param signal - the caller's, or that of a call around this one
   * @param beganAt - when the call's time began, by `performance.now()`, if that is some time ago
   */
  run<T>(start: (signal: AbortSignal) => Promise<T>, expired: () => Error, signal?: AbortSignal, beganAt: number = performance.now()): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const outer = signal && BUCKETS.get(signal)
    if (outer && outer.expiresAt <= beganAt + this.#timeoutMs + this.#spanMs) return this.#within(start, expired, outer)
    const bucket = this.#join(beganAt)
    return new Promise<T>((resolve, reject) => {
      const controller = signal ? withManyListeners(new AbortController()) : undefined
      const leave = (): void => {
        if (!bucket.waits.delete(wait)) return
        forgetCaller?.()
        this.#retire(bucket)
        if (--this.#waiting === 0) this.#whenDrained?.()
      }
      const endByCaller = (): void => {
        if (isDeadline(signal?.reason)) {
          controller?.abort(signal?.reason)
          setImmediate(wait.expire)
          return
        }
        leave()
        reject(signal?.reason)
        controller?.abort(signal?.reason)
      }
      const wait = new Wait(controller, () => {
        if (!bucket.waits.has(wait)) return
        leave()
        reject(expired())
      })
      bucket.waits.add(wait)
      this.#waiting++
      const forgetCaller = signal && onAbort(signal, endByCaller)
      begin(start, (controller ?? bucket.controller).signal).then(
        (value) => {
          leave()
          resolve(value)
        },
        (error: unknown) => {
          leave()
          reject(error)
        },
      )
    })
  }

  /** A call within one whose deadline passes first, and that nobody else can end: that one's signal is all that it needs. */
  #within<T>(start: (signal: AbortSignal) => Promise<T>, expired: () => Error, outer: Bucket): Promise<T> {
    const { signal } = outer.controller
    return new Promise<T>((resolve, reject) => {
      let hasLeft = false
      const leave = (): void => {
        if (hasLeft) return
        hasLeft = true
        forget()
        outer.inner--
        outer.retire()
        if (--this.#waiting === 0) this.#whenDrained?.()
      }
      const expire = (): void => {
        // Its answer may have lain in the socket.
        if (hasLeft) return
        leave()
        reject(expired())
      }
      // Whoever is nearer to the store answers first, as below.
      const end = (): void => void setImmediate(expire)
      this.#waiting++
      outer.inner++
      const forget = onAbort(signal, end)
      begin(start, signal).then(
        (value) => {
          leave()
          resolve(value)
        },
        (error: unknown) => {
          leave()
          reject(error)
        },
      )
    })
  }

  /** Waits until every call has ended, which their deadlines bound, and lets go of the timer. Nothing is to be started afterwards. */
  async close(): Promise<void> {
    const bucket = this.#open
    this.#open = undefined
    if (bucket) this.#retire(bucket)
    if (this.#waiting === 0) return
    await new Promise<void>((resolve) => {
      this.#whenDrained = resolve
    })
  }

  #join(beganAt: number): Bucket {
    const last = this.#open
    if (last && beganAt >= last.joinUntil - this.#spanMs && beganAt < last.joinUntil) return last
    const bucket: Bucket = {
      joinUntil: beganAt + this.#spanMs,
      expiresAt: beganAt + this.#spanMs + this.#timeoutMs,
      controller: withManyListeners(new AbortController()),
      waits: new Set(),
      inner: 0,
      retire: () => this.#retire(bucket),
      timer: setTimeout(() => this.#expire(bucket), Math.max(1, beganAt + this.#spanMs + this.#timeoutMs - performance.now())).unref(),
    }
    BUCKETS.set(bucket.controller.signal, bucket)
    // One of before is that call's own.
    if (last && beganAt < last.joinUntil) return bucket
    this.#open = bucket
    if (last) this.#retire(last)
    return bucket
  }

  #retire(bucket: Bucket): void {
    if (isIdle(bucket) && bucket !== this.#open) clearTimeout(bucket.timer)
  }

  #expire(bucket: Bucket): void {
    // Node counts a timer from the beginning of the event-loop turn that set it, so after a long turn it fires early.
    const leftMs = bucket.expiresAt - performance.now()
    if (leftMs > 0) {
      bucket.timer = setTimeout(() => this.#expire(bucket), Math.ceil(leftMs)).unref()
      return
    }
    if (this.#open === bucket) this.#open = undefined
    if (isIdle(bucket)) return
    // Whoever throws it may have begun something: that nothing was changed is said by those who know it.
    const reason = deadlinePassed(this.#timeoutMs, false)
    DEADLINES.add(reason)
    bucket.controller.abort(reason)
    for (const wait of bucket.waits) wait.controller?.abort(reason)
    // One more turn: the client rejects what it had not written yet, which is a better answer, and replies that lie unread in the socket
    // because this process was busy are read.
    setImmediate(() => {
      for (const wait of bucket.waits) wait.expire()
    })
  }
}

/** The error of a call whose deadline passed without an answer. */
export function deadlinePassed(timeoutMs: number, changesNothing: boolean): SessionError {
  const doubt = changesNothing ? "" : " It may have been applied."
  return new SessionError("ERR_STORE_TIMEOUT", `The store did not answer within ${timeoutMs} ms.${doubt} Is it overloaded, stopped, or out of reach?`, {
    outcome: changesNothing ? "not-applied" : "unknown",
  })
}

// Thousands of commands listen to one signal, which is no leak.
function withManyListeners(controller: AbortController): AbortController {
  setMaxListeners(0, controller.signal)
  return controller
}

/** Whether a signal was aborted because a deadline passed. */
export function isDeadline(reason: unknown): boolean {
  return reason instanceof SessionError && DEADLINES.has(reason)
}

function isIdle({ waits, inner }: Bucket): boolean {
  return waits.size === 0 && inner === 0
}

function begin<T>(start: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return start(signal)
  } catch (error) {
    return Promise.reject(error)
  }
}
