import { markdownTable } from "../markdown.js"
import type { InFlightFigures } from "./more-in-flight.js"
import type { Quantiles } from "./quantiles.js"

/** Of a column, or of the first where each column is a number of calls in flight. */
export const LATENCY_HEAD = "p50 · p99 · p99.9, in µs"

/** `26 · 70 · 1204` */
export function toldLatencies({ p50, p99, p999 }: Quantiles): string {
  return [p50, p99, p999].map(micros).join(" · ")
}

/** How long calls take, in microseconds: one line a row, each baseline before what is held against it. */
export function latencyTable(all: readonly { readonly measured: readonly InFlightFigures[] }[], inFlight: readonly number[]): string {
  const lines = all.flatMap(({ measured }) =>
    (measured[0]?.rows ?? []).map(({ name }, place) => [
      place === 0 ? `**${name}**` : name,
      ...inFlight.map((count) => {
        const row = measured.find((one) => one.inFlight === count)?.rows[place]
        return row === undefined ? "–" : toldLatencies(row.latencies)
      }),
    ]),
  )
  return markdownTable([LATENCY_HEAD, ...inFlight.map((count) => `${count} in flight`)], lines)
}

function micros(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(1)
}
