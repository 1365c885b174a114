import type { Compared, Contender } from "../rounds/beside-baseline.js"
import { exactly, type Spread } from "../spread.js"
import type { TargetId } from "../targets/targets.js"

/** Which figure of a row a target is about. */
export interface Wanted {
  readonly target: TargetId
  readonly inFlight: number
  readonly figure: (row: Compared) => Spread
}

export interface SessionCase extends Contender {
  readonly wanted?: readonly Wanted[]
}

/** What one library does for each kind of work; what it cannot do is left out. */
export interface SessionRows {
  readonly read?: SessionCase
  readonly create?: SessionCase
  readonly update?: SessionCase
  readonly end?: SessionCase
  readonly endAll?: SessionCase
  readonly list?: SessionCase
}

/** Rows that share a baseline. */
export interface Board {
  readonly baseline: Contender
  readonly cases: readonly SessionCase[]
  /** Measured with these alone; otherwise with whatever is asked for. */
  readonly inFlight?: readonly number[]
}

export function share(inFlight: number, target: TargetId): Wanted {
  return { target, inFlight, figure: (row) => row.share }
}

/** The middle latency, of the baseline's. */
export function latency(target: TargetId): Wanted {
  return { target, inFlight: 1, figure: (row) => row.latency }
}

/** Processor time of this process, of the baseline's. */
export function cpuShare(target: TargetId): Wanted {
  return { target, inFlight: 64, figure: (row) => row.cpuShare }
}

/** Processor time of the server, of the baseline's. */
export function serverCpuShare(target: TargetId): Wanted {
  return { target, inFlight: 64, figure: (row) => row.serverCpuShare }
}

/** Milliseconds of one call, with one in flight. */
export function milliseconds(target: TargetId): Wanted {
  const figure = ({ rate: { low, median, high } }: Compared): Spread => ({ low: 1_000 / high, median: 1_000 / median, high: 1_000 / low })
  return { target, inFlight: 1, figure }
}

/** How often these commands are called for one call. */
export function calls(target: TargetId, ...names: readonly string[]): Wanted {
  return { target, inFlight: 1, figure: ({ commands }) => counted(names.reduce((sum, name) => sum + (commands[name] ?? 0), 0)) }
}

export function trips(target: TargetId): Wanted {
  return { target, inFlight: 1, figure: (row) => counted(row.trips) }
}

export function rate(inFlight: number, target: TargetId): Wanted {
  return { target, inFlight, figure: (row) => row.rate }
}

/** Chance and the last slice move a count by less than the third digit. */
function counted(value: number): Spread {
  return exactly(Number(value.toPrecision(3)))
}
