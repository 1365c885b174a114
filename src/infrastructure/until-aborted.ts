import { onAbort } from "./abort-hub.js"

/** Waits for a promise until a signal says not to; then rejects with the signal's reason. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  if (signal.aborted) {
    // Whatever becomes of it now, nobody asks any more.
    promise.catch(() => undefined)
    return Promise.reject(signal.reason)
  }
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason))
    promise.then(resolve, reject).finally(forget)
  })
}

/** Waits for some milliseconds, or until a signal says not to; never rejects. Zero lets the event loop turn once. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal?.aborted) return new Promise((resolve) => setImmediate(resolve))
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      forget?.()
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    const forget = signal && onAbort(signal, done)
  })
}
