import type { Compared, Contender } from "../rounds/beside-baseline.js"
import { exactly, type Spread, type Target } from "../spread.js"

/** What is wanted of one figure of a row. */
export interface Wanted {
  readonly what: string
  readonly inFlight: number
  readonly figure: (row: Compared) => Spread
  readonly target: Target
}

export interface SessionCase extends Contender {
  readonly wanted?: readonly Wanted[]
}

/** Rows that share a baseline. */
export interface Board {
  readonly baseline: Contender
  readonly cases: readonly SessionCase[]
  /** Measured with these alone; otherwise with whatever is asked for. */
  readonly inFlight?: readonly number[]
}

export function share(inFlight: number, value: number): Wanted {
  return { what: "rate, of the baseline's", inFlight, figure: (row) => row.share, target: { kind: "at least", value } }
}

export function latency(value: number): Wanted {
  const figure = ({ latency }: Compared): Spread => latency ?? exactly(Number.NaN)
  return { what: "p50, of the baseline's", inFlight: 1, figure, target: { kind: "at most", value } }
}

export function cpuShare(value: number): Wanted {
  return { what: "CPU of this process, of the baseline's", inFlight: 64, figure: (row) => row.cpuShare, target: { kind: "at most", value } }
}

export function serverCpuShare(value: number): Wanted {
  return { what: "CPU of Redis, of the baseline's", inFlight: 64, figure: (row) => row.serverCpuShare, target: { kind: "at most", value } }
}

/** Milliseconds of one call, with one in flight. */
export function milliseconds(value: number): Wanted {
  const figure = ({ rate: { low, median, high } }: Compared): Spread => ({ low: 1_000 / high, median: 1_000 / median, high: 1_000 / low })
  return { what: "ms a call", inFlight: 1, figure, target: { kind: "at most", value } }
}

/** How often these commands are called for one call. */
export function calls(what: string, names: readonly string[], value: number): Wanted {
  const figure = ({ commands }: Compared): Spread => exactly(names.reduce((sum, name) => sum + (commands[name] ?? 0), 0))
  return { what, inFlight: 1, figure, target: { kind: "at most", value } }
}

export function rate(inFlight: number, value: number): Wanted {
  return { what: "calls a second", inFlight, figure: (row) => row.rate, target: { kind: "at least", value } }
}
