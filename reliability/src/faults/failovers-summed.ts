import type { Summary } from "../layer.js"

/** What failovers add to the sum. @param awayMs for how long each time nothing was answered, in milliseconds */
export function failoversSummed(awayMs: readonly number[]): Summary {
  return {
    "failovers brought about": awayMs.length,
    "  without an answer, added up (ms)": Math.round(awayMs.reduce((sum, one) => sum + one, 0)),
    "longest time without an answer in a failover (ms)": Math.round(Math.max(0, ...awayMs)),
  }
}
