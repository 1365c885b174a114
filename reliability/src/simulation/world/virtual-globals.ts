import { syncBuiltinESMExports } from "node:module"
import timersPromises from "node:timers/promises"
import type { Event, Owner, VirtualTime } from "./VirtualTime.js"

/** The clocks of one process. */
export interface LocalClocks extends Owner {
  /** Milliseconds of `performance.now()` at a virtual time. */
  monotonicMs(now: number): number
  /** Milliseconds of `Date.now()` at a virtual time. */
  wallMs(now: number): number
  /** Virtual microseconds that pass while its clock counts some milliseconds. */
  duration(ms: number): number
}

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** What `setTimeout` and `setImmediate` return: enough of Node's own. */
class VirtualTimer {
  readonly event: Event
  constructor(event: Event) {
    this.event = event
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
  hasRef(): boolean {
    return false
  }
}

/**
 * Puts virtual time and a chosen generator in the place of every clock, timer and random number that the library uses, until the function that is
 * returned is called. Whoever's code runs gets its own clocks; a timer belongs to whoever set it.
 */
export function installVirtualGlobals(time: VirtualTime, clocksOf: (owner: Owner) => LocalClocks, random: () => number): () => void {
  const own = (): LocalClocks | undefined => (time.current === undefined ? undefined : clocksOf(time.current))
  const after = (ms: number, run: () => void): VirtualTimer => {
    const wait = ms >= 1 && ms <= LONGEST_TIMEOUT_MS ? Math.trunc(ms) : 1
    // Node counts a timer from the last whole millisecond before the turn that set it, so it may fire early by as much.
    const delay = (own()?.duration(wait) ?? wait * 1_000) - Math.floor(random() * 1_000)
    return new VirtualTimer(time.after(delay, time.current, run))
  }
  const clear = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.event.run = undefined
  }
  const timeoutSignal = (ms: number): AbortSignal => {
    const controller = new AbortController()
    after(ms, () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")))
    return controller.signal
  }
  const restores = [
    put(globalThis, "setTimeout", (run: (...args: unknown[]) => void, ms = 1, ...args: unknown[]) => after(ms, () => run(...args))),
    put(globalThis, "clearTimeout", clear),
    put(
      globalThis,
      "setImmediate",
      (run: (...args: unknown[]) => void, ...args: unknown[]) => new VirtualTimer(time.after(0, time.current, () => run(...args))),
    ),
    put(globalThis, "clearImmediate", clear),
    put(performance, "now", () => own()?.monotonicMs(time.now) ?? time.now / 1_000),
    put(Date, "now", () => own()?.wallMs(time.now) ?? time.now / 1_000),
    put(Math, "random", random),
    put(process.hrtime, "bigint", () => BigInt(time.now) * 1_000n),
    put(AbortSignal, "timeout", timeoutSignal),
    put(timersPromises, "setTimeout", (ms = 1, value?: unknown, options?: { readonly signal?: AbortSignal }) => pause(after, ms, value, options?.signal)),
  ]
  syncBuiltinESMExports()
  return () => {
    for (const restore of restores) restore()
    syncBuiltinESMExports()
  }
}

function put(holder: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(holder, name)
  Object.defineProperty(holder, name, { value, configurable: true, writable: true })
  return () => {
    if (before === undefined) Reflect.deleteProperty(holder, name)
    else Object.defineProperty(holder, name, before)
  }
}

function pause(after: (ms: number, run: () => void) => VirtualTimer, ms: number, value: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => reject(new DOMException("The operation was aborted", "AbortError"))
    if (signal?.aborted) return aborted()
    signal?.addEventListener("abort", aborted, { once: true })
    after(ms, () => {
      signal?.removeEventListener("abort", aborted)
      resolve(value)
    })
  })
}
