import type { CheckedRule } from "./limit-line.js"

/**
 * The bounds of the algorithms: how many units at most in any span from one instant to another that lies so many microseconds later, both included. What was
 * given back comes on top.
 */
export function mostWithin({ algorithm, capacity, period }: CheckedRule, span: number): number {
  const periods = Math.floor(span / period)
  switch (algorithm) {
    case "gcra":
      return capacity + periods
    case "sliding-log":
      // Every window holds the capacity at most, and so many windows cover the span.
      return capacity * (periods + 1)
    case "fixed-window":
      // The span touches so many of the windows that begin at multiples of their length.
      return capacity * (periods + 2)
    case "sliding-counter":
      return capacity * (periods + 2) - 1
    case "concurrency":
      return Number.POSITIVE_INFINITY
  }
}

/** Whether units are also bounded in each window that begins at a multiple of its length. */
export function isAligned({ algorithm }: CheckedRule): boolean {
  return algorithm === "fixed-window" || algorithm === "sliding-counter"
}
