/** Called with an error, or with `null` and a value. */
export type Callback<T> = (error: unknown, value?: T) => void

/**
 * Gives an outcome to a callback, outside of the promise, so that what the callback throws is not taken for a failure of the store. Where there is no
 * callback, nobody wants to know.
 */
export function settle<T>(outcome: Promise<T>, callback: Callback<T> = () => undefined): void {
  outcome.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  )
}
