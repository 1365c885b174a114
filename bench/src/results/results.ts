import type { Versions } from "coatcheck-reliability/versions"
import type { Finding } from "../targets/target-table.js"

/** What figures were made with, and when. */
export interface Run extends Versions {
  /** ISO 8601. */
  readonly date: string
  /** `null` outside a repository. `"…, changed"` with changes that no commit has. */
  readonly commit: string | null
  /** `null` of a group that has none. */
  readonly rounds: number | null
  readonly quick: boolean
  /** Whether cores were kept from halting. */
  readonly awake?: boolean | undefined
}

/** What one run said of one group. */
export interface GroupResult {
  readonly run: Run
  /** How long it took, filling stores included. */
  readonly seconds?: number
  /** Markdown, in the order in which it was told. */
  readonly texts: readonly string[]
  readonly findings: readonly Finding[]
  readonly charts: readonly { readonly name: string; readonly title: string }[]
  readonly figures: unknown
}

/** By the names of groups, each from the last run that measured it. */
export type Results = Readonly<Record<string, GroupResult>>

/** Fewer tell nothing of quartiles. */
const ROUNDS_TO_KEEP = 5

/** Whether a run may replace what was kept: whole, and long enough to judge by. */
export function isWorthKeeping({ quick, only, rounds }: { readonly quick: boolean; readonly only: string; readonly rounds: number }): boolean {
  return !quick && only === "" && rounds >= ROUNDS_TO_KEEP
}
