import { arch, platform } from "node:os"
import type { AuditReport } from "./audit/state-audit.js"
import type { Rule } from "./histories/violation.js"
import type { TargetReport } from "./run-reliability.js"

export interface Report {
  readonly passed: boolean
  readonly seed: number
  readonly seconds: number
  readonly node: string
  readonly machine: string
  readonly processes: 4
  readonly replay: string
  readonly targets: readonly TargetReport[]
}

const SHOWN_VIOLATIONS = 10
const LOST_UPDATE_RULES: readonly Rule[] = ["V1", "V3"]

export function makeReport(targets: readonly TargetReport[], run: { readonly seed: number; readonly seconds: number; readonly replay: string }): Report {
  const passed = targets.length > 0 && targets.every(isClean)
  return { passed, ...run, node: process.version, machine: `${platform()} ${arch()}`, processes: 4, targets }
}

function isClean({ violations, undecided, audit }: TargetReport): boolean {
  return violations.length === 0 && undecided.length === 0 && auditFaults(audit) === 0
}

function auditFaults({ withoutTtl, unlisted, corrupt, stray, beyondLimit }: AuditReport): number {
  return withoutTtl + unlisted + corrupt + stray + beyondLimit
}

const ROWS: readonly (readonly [string, (target: TargetReport) => number])[] = [
  ["operations checked", ({ operations }) => operations],
  ["  outcome unknown to the caller", ({ unknown }) => unknown],
  ["session histories searched", ({ histories }) => histories],
  ["violations", ({ violations }) => violations.length],
  ["  sessions that came back (V5)", ofRules("V5")],
  ["  lost or repeated updates (V1, V3)", ofRules(...LOST_UPDATE_RULES)],
  ["  limit exceeded (V8)", ofRules("V8")],
  ["  other rules (V2, V4, V6, V7)", ofRules("V2", "V4", "V6", "V7")],
  ["  no order explains the answers", ofRules("search")],
  ["undecided", ({ undecided }) => undecided.length],
  ["audit: sessions looked at", ({ audit }) => audit.sessions],
  ["  keys without a time to live", ({ audit }) => audit.withoutTtl],
  ["  sessions missing in their list", ({ audit }) => audit.unlisted],
  ["  corrupt records", ({ audit }) => audit.corrupt],
  ["  keys that do not belong there", ({ audit }) => audit.stray],
  ["  sessions beyond the limit", ({ audit }) => audit.beyondLimit],
]

function ofRules(...rules: readonly Rule[]): (target: TargetReport) => number {
  return ({ violations }) => violations.filter(({ rule }) => rules.includes(rule)).length
}

/** The report as people read it. */
export function formatReport(report: Report): string {
  const heads = ["", ...report.targets.map(({ server, version }) => `${server} ${version}`), ""]
  const clients = ["", ...report.targets.map(({ client }) => client), "all"]
  const rows = ROWS.map(([name, figure]) => {
    const figures = report.targets.map(figure)
    return [name, ...figures.map(String), String(figures.reduce((sum, one) => sum + one, 0))]
  })
  return [
    alignColumns([heads, clients, ...rows]),
    "",
    `node ${report.node}, ${report.machine}, ${report.processes} processes, ${report.seconds.toFixed(1)} s, seed ${report.seed}`,
    `the same calls again: ${report.replay}`,
    ...listViolations(report),
    report.passed ? "passed: every answer is explained" : "FAILED",
  ].join("\n")
}

function alignColumns(table: readonly (readonly string[])[]): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const align = (cell: string, column: number): string => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))
  return table.map((row) => row.map(align).join("  ").trimEnd()).join("\n")
}

function listViolations({ targets }: Report): string[] {
  const all = targets.flatMap(({ server, client, violations }) =>
    violations.map(({ workload, rule, subject, what }) => `${server} through ${client}, ${workload}, ${rule}, ${subject}: ${what}`),
  )
  if (all.length === 0) return []
  const more = all.length > SHOWN_VIOLATIONS ? [`… and ${all.length - SHOWN_VIOLATIONS} more; --json FILE writes all`] : []
  return ["", ...all.slice(0, SHOWN_VIOLATIONS), ...more, ""]
}
