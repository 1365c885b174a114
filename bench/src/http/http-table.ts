import { markdownTable, shown } from "../markdown.js"
import type { Spread } from "../spread.js"

export interface Row {
  readonly application: string
  readonly bare: string
  /** Processor time of the process that answers, per request, in microseconds. */
  readonly cpu: Spread
  /** What it is above that of the bare framework, in the same round. */
  readonly added: Spread
  /** Requests a second, as a share of the bare framework's in the same round. */
  readonly share: Spread
  readonly verdicts: readonly string[]
}

export function httpTable(rows: readonly Row[]): string {
  const head = ["application", "CPU µs a request", "added to the bare framework", "requests a second, of the bare framework's", "wanted"]
  return markdownTable(
    head,
    rows.map(({ application, cpu, added, share, verdicts }) => [application, shown(cpu, 0), shown(added, 1), shown(share, 2), verdicts.join("; ") || "–"]),
  )
}
