import { markdownTable } from "../markdown.js"
import type { Accuracy, Decided } from "./exact-count.js"
import type { Traffic } from "./traffic.js"

/** What one limiter did with one kind of traffic. */
export interface Replayed {
  readonly limiter: string
  readonly traffic: Traffic
  readonly decided: readonly Decided[]
  readonly accuracy: Accuracy
}

/** One line a limiter, a column for each kind of traffic. */
export function accuracyTable(replayed: readonly Replayed[]): string {
  const kinds = [...new Set(replayed.map(({ traffic }) => traffic.name))]
  const limiters = [...new Set(replayed.map(({ limiter }) => limiter))]
  const lines = limiters.map((limiter) => [
    limiter,
    ...kinds.map((kind) => told(replayed.find((one) => one.limiter === limiter && one.traffic.name === kind)?.accuracy)),
  ])
  return markdownTable(["limiter", ...kinds], lines)
}

function told(accuracy: Accuracy | undefined): string {
  if (accuracy === undefined) return "–"
  const { most, ofExact, wronglyAllowed, wronglyDenied } = accuracy
  return `${most.toFixed(2)} · ${ofExact.toFixed(2)} · ${percent(wronglyAllowed)} · ${percent(wronglyDenied)}`
}

function percent(share: number): string {
  return share === 0 ? "0" : `${(share * 100).toFixed(1)} %`
}
