import type { Chart } from "./charts/chart.js"
import type { Finding } from "./targets/target-table.js"

export interface GroupSettings {
  readonly rounds: number
  readonly quick: boolean
  /** Only rows whose names have this in them; `""`: all. */
  readonly only: string
  readonly signal: AbortSignal
  readonly onProgress: (text: string) => void
  /** Takes what is measured as soon as it is, in Markdown. */
  readonly onText: (text: string) => void
}

/** What came of a group, beside its texts. */
export interface Measured {
  /** For programs. */
  readonly figures: unknown
  readonly findings?: readonly Finding[]
  readonly charts?: readonly Chart[]
}

/** What is measured together, and can be asked for by name. */
export interface Group {
  readonly about: string
  /** How long it takes on two cores, in seconds. */
  readonly takes: { readonly quick: number; readonly full: number }
  /** Whether it goes without `AwakeCores`: a slow log counts by the clock, and each loop takes a slice of some milliseconds from the server now and then. */
  readonly coresMayHalt?: true
  /** How many it makes itself, whatever was asked for; `null` where it has none. */
  readonly rounds?: { readonly quick: number; readonly full: number } | null
  /** Whether it is measured as a whole: none of its rows can be asked for alone. */
  readonly isWhole?: true
  run(settings: GroupSettings): Promise<Measured>
}
