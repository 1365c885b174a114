import { monitorEventLoopDelay } from "node:perf_hooks"

const NANOSECONDS = 1_000_000

export interface Lateness extends Disposable {
  /** By how much this process was late at worst so far, in milliseconds. */
  readonly ms: number
}

/** Measures how late a busy machine lets this process be, which is no fault of the service. */
export function watchLateness(): Lateness {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  return {
    get ms() {
      return delay.max / NANOSECONDS
    },
    [Symbol.dispose]: () => void delay.disable(),
  }
}
