import type { Compared } from "../rounds/beside-baseline.js"
import type { Row } from "../rounds/questions.js"
import type { Told } from "../rounds/Subject.js"
import { exactly, type Spread } from "../spread.js"
import type { TargetId } from "../targets/targets.js"

/** Which figure of a row a target is about. */
export interface Wanted {
  readonly target: TargetId
  readonly inFlight: number
  readonly figure: keyof typeof FIGURES
  /** For `calls`. */
  readonly commands?: readonly string[]
}

export interface SessionCase extends Row {
  readonly wanted?: readonly Wanted[]
}

export type Kind = "read" | "restingRead" | "lookingRead" | "touchingRead" | "create" | "update" | "list" | "find" | "end" | "endAll" | "findAndEnd" | "mixed"

/** What one library does for each kind of work; what it cannot do is left out. */
export type SessionRows = { readonly [kind in Kind]?: SessionCase }

/** Rows that share a baseline. */
export interface Board {
  readonly baseline: Told<SessionCase>
  readonly cases: readonly Told<SessionCase>[]
  /** Measured with these alone; otherwise with whatever is asked for. */
  readonly inFlight?: readonly number[] | undefined
}

const FIGURES = {
  share: (row) => row.share,
  /** The middle latency, of the baseline's. */
  latency: (row) => row.latency,
  /** Processor time of the process, of the baseline's. */
  cpuShare: (row) => row.cpuShare,
  /** Processor time of the server, of the baseline's. */
  serverCpuShare: (row) => row.serverCpuShare,
  rate: (row) => row.rate,
  /** Of one call, with one in flight. */
  milliseconds: ({ rate: { low, median, high } }) => ({ low: 1_000 / high, median: 1_000 / median, high: 1_000 / low }),
  /** How often these commands are called for one call. */
  calls: ({ commands }, names) => counted(names.reduce((sum, name) => sum + (commands[name] ?? 0), 0)),
  trips: (row) => counted(row.trips),
} satisfies Readonly<Record<string, (row: Compared, commands: readonly string[]) => Spread>>

/** What was measured of what is wanted. */
export function figureOf(row: Compared, { figure, commands = [] }: Wanted): Spread {
  return FIGURES[figure](row, commands)
}

export function share(inFlight: number, target: TargetId): Wanted {
  return { target, inFlight, figure: "share" }
}

/** Of what is told with one in flight. */
export function alone(figure: "latency" | "milliseconds" | "trips", target: TargetId): Wanted {
  return { target, inFlight: 1, figure }
}

/** Chance and the last slice move a count by less than the third digit. */
function counted(value: number): Spread {
  return exactly(Number(value.toPrecision(3)))
}

/** Whether a read found its session. */
export function isThere(session: unknown): boolean {
  return session !== null
}

/** The same, looking at one of its attributes: they are parsed when somebody first does. */
export function hasAttributes(session: { readonly attributes: { readonly theme?: unknown } } | null): boolean {
  return session?.attributes.theme !== undefined
}
