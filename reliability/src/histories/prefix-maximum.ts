import { lowerBound } from "./lower-bound.js"

/** @returns a function that tells the highest value of all entries whose time is before a given one; 0 when there is none */
export function prefixMaximum(entries: readonly { readonly at: number; readonly value: number }[]): (before: number) => number {
  const sorted = [...entries].sort((a, b) => a.at - b.at)
  const highest: number[] = []
  for (const { value } of sorted) highest.push(Math.max(value, highest.at(-1) ?? 0))
  return (before) => highest[lowerBound(sorted.length, (i) => (sorted[i]?.at ?? 0) >= before) - 1] ?? 0
}
