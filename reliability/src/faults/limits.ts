import { brokenInCalm } from "./broken-in-calm.js"
import type { LoadFinding } from "./judge.js"
import { neverExplained } from "./never-explained.js"

interface Limits {
  /** Each call's own. */
  readonly timeoutMs: number
  /** Whether acknowledged writes may be lost by this fault; half a record never may, nor anything in calm times. */
  readonly mayLose?: boolean
}

/** A call ends this much after its deadline, at most. */
export const SETTLES_MS = 50

/** What did not hold of that which must hold under every fault. */
export function limitsHeld(found: LoadFinding, { timeoutMs, mayLose = false }: Limits): string[] {
  const why: string[] = []
  if (found.operations === 0) why.push("Expected calls during the fault, got none")
  const broken = mayLose ? neverExplained(found.lines, found.violations, found.calm) : found.violations
  why.push(...broken.map(({ rule, subject, what }) => `${rule}, ${subject}: ${what}`))
  if (mayLose)
    why.push(...(found.calm === undefined ? ["Expected to be told when nothing was done to the store"] : brokenInCalm(found.lines, found.calm, found.closes)))
  if (found.undecided.length > 0) why.push(`${found.undecided.length} sessions could not be decided`)
  if (found.partial > 0) why.push(`${found.partial} answers said that a record could not be read`)
  const beyond = beyondDeadline(found, timeoutMs)
  if (beyond > SETTLES_MS) why.push(`Expected every call to end within ${timeoutMs + SETTLES_MS} ms, got one of ${Math.round(found.longestCallMs)} ms`)
  return why
}

/** How long the longest call went on after its deadline, in milliseconds, without the time for which this process itself stood still. */
export function beyondDeadline({ longestOwnMs }: Pick<LoadFinding, "longestOwnMs">, timeoutMs: number): number {
  return Math.max(0, longestOwnMs - timeoutMs)
}
