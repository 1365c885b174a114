import { markdownTable, shown } from "../markdown.js"
import { LATENCY_HEAD, toldLatencies } from "../rounds/latency-table.js"
import type { Quantiles } from "../rounds/quantiles.js"
import type { Spread } from "../spread.js"
import type { Finding } from "../targets/target-table.js"

export interface Row {
  readonly application: string
  /** What it stands beside. */
  readonly bare: string
  /** Processor time of the process that answers, per request, in microseconds. */
  readonly cpu: Spread
  /** What it is above that of the bare framework, in the same round. */
  readonly added: Spread
  /** Requests a second. */
  readonly rate: Spread
  /** The same, as a share of the bare framework's in the same round. */
  readonly share: Spread
  /** Processor time of the server of its store, per request, in microseconds. */
  readonly serverCpu: Spread
  /** Microseconds from a request to its answer, of all requests of all rounds. */
  readonly latencies: Quantiles
  /** The same of what it stands beside. */
  readonly bareLatencies: Quantiles
  readonly findings: readonly Finding[]
  readonly verdicts: readonly string[]
}

export function httpTable(rows: readonly Row[]): string {
  const head = [
    "application",
    "beside",
    "CPU µs a request",
    "added",
    "Redis CPU µs a request",
    "requests a second",
    "of what it stands beside",
    LATENCY_HEAD,
    "of what it stands beside, in µs",
    "wanted",
  ]
  return markdownTable(
    head,
    rows.map(({ application, bare, cpu, rate, added, serverCpu, share, latencies, bareLatencies, verdicts }) => [
      application,
      bare,
      shown(cpu, 0),
      shown(added, 1),
      serverCpu.median.toFixed(1),
      rate.median.toFixed(0),
      shown(share, 2),
      toldLatencies(latencies),
      toldLatencies(bareLatencies),
      verdicts.join("; ") || "–",
    ]),
  )
}
