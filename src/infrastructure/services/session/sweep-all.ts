import type { CleanupReport } from "../../../domain/interfaces/session/ISessionService.js"
import { addSweeps, EMPTY_SWEEP, type SweepStep } from "../../../domain/session/sweep-counts.js"
import { Pace } from "../../pace.js"

const ENTRIES_PER_STEP = 200

/** How a cleanup goes on, and who hears of it. */
export interface SweepRun {
  readonly begin: string | null
  /** Entries per second at most. */
  readonly rate: number
  readonly onProgress: ((report: CleanupReport) => void) | undefined
  readonly signal: AbortSignal | undefined
}

/** One step, in parts where it is a long one. */
type Sweep = (cursor: string | null, count: number) => AsyncIterable<SweepStep>

/** Sweeps part by part, within the rate, until all is seen or the signal says stop; then the report says where to go on. */
export async function sweepAll(sweep: Sweep, run: SweepRun): Promise<CleanupReport> {
  const count = Math.min(ENTRIES_PER_STEP, run.rate)
  const pace = new Pace(run.rate, run.signal)
  let cursor = run.begin
  let totals = EMPTY_SWEEP
  for (;;) {
    // Where others share the store, most entries that a step goes over are not ours.
    let least = count
    for await (const { seen, next } of sweep(cursor, count)) {
      totals = addSweeps(totals, seen)
      cursor = next
      const report = cursor === null ? totals : { ...totals, cursor }
      run.onProgress?.(report)
      if (cursor === null || run.signal?.aborted) return report
      await pace.after(Math.max(least, seen.scanned))
      if (run.signal?.aborted) return report
      least = 0
    }
  }
}
