import type { NearMode } from "./near/near-mode.js"

/** How much is done: everything, or a little of everything. */
export type Scale = "full" | "quick"

export interface LayerSettings {
  readonly seed: number
  readonly scale: Scale
  /** Whether services have a near-cache. What is the same either way runs in one mode alone. */
  readonly mode: NearMode
  /** Whether the mode with near-cache is left to the full run where it takes long, and near-caches are met elsewhere. */
  readonly nearBriefly: boolean
  readonly signal: AbortSignal
  /** Names or numbers of the rows to run; empty: all. */
  readonly rows: readonly string[]
  /** Told what is being done; may be called often. */
  onProgress(text: string): void
}

/** `not run`: something that the row needs is missing on this machine; `why` says what. `left out`: left to the full run; `why` says what for. */
export type Verdict = "passed" | "failed" | "not run" | "left out"

export type Figures = Readonly<Record<string, number | string>>

/** What one row of the table found in one place. */
export interface Row {
  readonly name: string
  /** Server, topology and client. */
  readonly where: string
  readonly verdict: Verdict
  readonly figures: Figures
  /** What the row adds to the summary. */
  readonly summary?: Summary
  /** Why it failed or did not run; empty when it passed. */
  readonly why: readonly string[]
  /** What `--row` takes for this row alone, where that is not its name. */
  readonly replayAs?: string
}

export type LayerReport = readonly Row[]

/** The lines of the summary, and how rows add up to one. */
export const SUMMARY = {
  "operations checked": "sum",
  "  outcome unknown to the caller": "sum",
  violations: "sum",
  undecided: "sum",
  "reads older than what had been acknowledged": "sum",
  "reads of a session that was over by its deadline": "sum",
  "sessions that ended before their deadline": "sum",
  "longest rise of others' p99 while 100 000 sessions end (ms)": "max",
  "most of the server's processor that a script took while a user's sessions were listed and ended (ms)": "max",
  "calls of rate limits": "sum",
  "  above the formula": "sum",
  "  denied although there was room": "sum",
  "  most units beyond it because counts were lost": "max",
  "reads through a near-cache": "sum",
  "  older than the lease": "sum",
  "  oldest (ms)": "max",
  "simulated runs": "sum",
  "simulated hours": "sum",
  "simulated scripts: operations compared with the real ones": "sum",
  "  differences": "sum",
  "faults tried": "sum",
  "faults survived": "sum",
  "  tried, one server": "sum",
  "  survived, one server": "sum",
  "  tried, sentinel": "sum",
  "  survived, sentinel": "sum",
  "  tried, cluster": "sum",
  "  survived, cluster": "sum",
  "  tried, embedded": "sum",
  "  survived, embedded": "sum",
  "acknowledged writes lost, server killed, every write synced": "sum",
  "acknowledged writes lost, server killed, synced each second": "sum",
  "acknowledged writes lost, power cut, synced each second": "sum",
  "acknowledged writes lost, failover": "sum",
  "sign-outs undone by a failover, with replay": "sum",
  "sign-outs undone by a failover, without replay": "sum",
  "partial records": "sum",
  "longest call beyond its deadline (ms)": "max",
  "failovers brought about": "sum",
  "  without an answer, added up (ms)": "sum",
  "longest time without an answer in a failover (ms)": "max",
  "slots moved under load": "sum",
  "longest wait of a sign-in for a moving slot (ms)": "max",
  "bad inputs tried": "sum",
  "  crashes": "sum",
  "  commands sent for what was refused": "sum",
  "  prototype changed": "sum",
  "mutants tried": "sum",
  "mutants killed": "sum",
  "soak: growth of the heap (MB an hour)": "max",
} as const satisfies Record<string, "sum" | "max">

export type Summary = { readonly [K in keyof typeof SUMMARY]?: number }

/** Adds up what rows found; lines that no row names are left out. */
export function summarise(rows: readonly Row[]): Summary {
  const total: { -readonly [K in keyof Summary]: Summary[K] } = {}
  for (const { summary = {} } of rows) {
    for (const [name, value] of Object.entries(summary) as [keyof Summary, number][]) {
      const before = total[name]
      total[name] = before === undefined ? value : SUMMARY[name] === "sum" ? before + value : Math.max(before, value)
    }
  }
  return total
}

/** Whether a row was asked for: by its number, or by part of its name. */
export function isWanted(name: string, { rows }: Pick<LayerSettings, "rows">): boolean {
  return rows.length === 0 || rows.some((wanted) => name === wanted || name.startsWith(`${wanted} `) || (!/^\d+$/.test(wanted) && name.includes(wanted)))
}
