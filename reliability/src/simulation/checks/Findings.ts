/** Something that must not happen. `rule`: the number of docs/reliability.md, or of the promise. */
export interface Finding {
  readonly rule: string
  readonly what: string
}

/** What was seen where the search for an order took too long. */
export const UNDECIDED = "undecided histories"

/** Gathers what went wrong in one run, and counts what was seen. */
export class Findings {
  readonly found: Finding[] = []
  readonly seen: Record<string, number> = {}

  report(rule: string, what: string): void {
    this.found.push({ rule, what })
  }

  see(name: string, times = 1): void {
    this.seen[name] = (this.seen[name] ?? 0) + times
  }
}
