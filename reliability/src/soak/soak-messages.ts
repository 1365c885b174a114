/** Deadlines of the sessions, as the library takes them. */
export interface SoakTimes {
  readonly idleMs: number
  readonly touchMs: number
  readonly absoluteMs: number
}

export type ToSoaker =
  | {
      readonly id: number
      readonly do: "begin"
      readonly url: string
      readonly seed: number
      readonly sessions: number
      readonly times: SoakTimes
      readonly measureMs: number
    }
  | { readonly id: number; readonly do: "sample" }
  | { readonly id: number; readonly do: "stop" }

export interface ProcessSample {
  /** Calls that were answered since the sample before. */
  readonly answered: number
  readonly failed: number
  /** After a forced collection, with no call under way, in bytes. */
  readonly heap: number
  readonly rss: number
  /** Whatever keeps a process alive, but for timers. */
  readonly handles: number
  readonly timers: number
}

export type SoakerAnswer = { readonly callsASecond: number } | ProcessSample | undefined

export type FromSoaker = { readonly id: number; readonly value: SoakerAnswer } | { readonly id: number; readonly error: string }
