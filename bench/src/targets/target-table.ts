import { markdownTable, shown } from "../markdown.js"
import { judge, type Spread, verdictOf } from "../spread.js"
import { TARGETS, type TargetId, type WantedFigure } from "./targets.js"

/** What was measured of one target. */
export interface Finding {
  readonly target: TargetId
  readonly measured: Spread
  /** Too short, or with too little stored, to judge by. */
  readonly isQuick?: boolean
}

/** One line for each target: of these, or of all. */
export function targetTable(findings: readonly Finding[], targets: Readonly<Record<string, WantedFigure>> = TARGETS): string {
  const lines = Object.entries(targets).map(([id, wanted]) => {
    const finding = findings.find(({ target }) => target === id)
    return [
      wanted.work,
      wanted.figure,
      finding === undefined ? "–" : `${told(finding.measured)}${finding.isQuick ? ", quick" : ""}`,
      finding === undefined ? `${wanted.kind} ${wanted.value}: not measured` : verdictOf(finding.measured, wanted),
    ]
  })
  return markdownTable(["work", "figure", "measured", "wanted"], lines)
}

/** Only what these findings are about. */
export function findingTable(findings: readonly Finding[]): string {
  const ids = new Set<string>(findings.map(({ target }) => target))
  return targetTable(findings, Object.fromEntries(Object.entries(TARGETS).filter(([id]) => ids.has(id))))
}

/** `30 reached, 4 short, 3 too noisy to tell, 2 not measured` */
export function targetSum(findings: readonly Finding[]): string {
  const sum = { reached: 0, short: 0, "too noisy to tell": 0, "not measured": 0 }
  for (const [id, wanted] of Object.entries(TARGETS)) {
    const finding = findings.find(({ target }) => target === id)
    sum[finding === undefined ? "not measured" : judge(finding.measured, wanted)]++
  }
  return Object.entries(sum)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(", ")
}

function told(measured: Spread): string {
  return measured.low === measured.high
    ? String(Number(measured.median.toPrecision(3)))
    : shown(measured, measured.median >= 100 ? 0 : measured.median >= 10 ? 1 : 3)
}
