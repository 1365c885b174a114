import type { CleanupReport } from "../../../domain/interfaces/session/ISessionService.js"
import { addSweeps, EMPTY_SWEEP, type SweepStep } from "../../../domain/session/sweep-counts.js"
import { pause } from "../../until-aborted.js"

const ENTRIES_PER_STEP = 200

/** How a cleanup goes on, and who hears of it. */
export interface SweepRun {
  readonly begin: string | null
  /** Entries per second at most. */
  readonly rate: number
  readonly onProgress: ((report: CleanupReport) => void) | undefined
  readonly signal: AbortSignal | undefined
}

/** Sweeps step by step, within the rate, until all is seen or the signal says stop; then the report says where to go on. */
export async function sweepAll(sweep: (cursor: string | null, count: number) => Promise<SweepStep>, run: SweepRun): Promise<CleanupReport> {
  const started = performance.now()
  let cursor = run.begin
  let totals = EMPTY_SWEEP
  let lookedAt = 0
  for (;;) {
    const count = Math.min(ENTRIES_PER_STEP, run.rate)
    const { seen, next } = await sweep(cursor, count)
    // Where others share the store, most entries that a step goes over are not ours.
    lookedAt += Math.max(count, seen.scanned)
    totals = addSweeps(totals, seen)
    cursor = next
    const report = cursor === null ? totals : { ...totals, cursor }
    run.onProgress?.(report)
    if (cursor === null || run.signal?.aborted) return report
    await pause((lookedAt / run.rate) * 1000 - (performance.now() - started), run.signal)
    if (run.signal?.aborted) return report
  }
}
