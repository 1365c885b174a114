import { type Row, type Scale, SUMMARY, type Summary, summarise } from "./layer.js"
import type { Versions } from "./versions.js"

export interface LayerResult {
  readonly layer: string
  readonly about: string
  readonly seconds: number
  readonly rows: readonly Row[]
}

type SummaryLine = keyof typeof SUMMARY

export interface Report {
  readonly passed: boolean
  readonly scale: Scale
  readonly seed: number
  readonly seconds: number
  readonly versions: Versions
  readonly replay: string
  /** How to make a row that failed again. */
  readonly failed: readonly FailedRow[]
  /** What was given as `--row` and is the name of no row that ran. */
  readonly unmatched: readonly string[]
  /** Every line, also where nothing measured it. */
  readonly summary: Readonly<Record<SummaryLine, number | typeof NOT_MEASURED>>
  readonly layers: readonly LayerResult[]
}

interface FailedRow {
  readonly layer: string
  readonly name: string
  readonly where: string
  readonly replay: string
}

interface Run {
  readonly seed: number
  readonly scale: Scale
  readonly seconds: number
  readonly versions: Versions
  readonly replay: { readonly all: string; row(layer: string, row: string): string }
  /** Whether a row that could not run fails the whole, as it does in CI. */
  readonly mustRunAll: boolean
  /** Names of rows that were asked for, of which there was none: nothing is shown by what did not run. */
  readonly unmatched: readonly string[]
}

/** What stands in a line that no layer of this run measured: a 0 would claim something. */
export const NOT_MEASURED = "not measured"

const SHOWN_REASONS = 10
const MANY_FIGURES = 12

export function makeReport(layers: readonly LayerResult[], { mustRunAll, replay, ...run }: Run): Report {
  const rows = layers.flatMap(({ rows: ofLayer }) => ofLayer)
  const isFine = ({ verdict }: Row): boolean => verdict === "passed" || verdict === "left out" || (verdict === "not run" && !mustRunAll)
  const failed = layers.flatMap(({ layer, rows: ofLayer }) =>
    ofLayer.filter((row) => !isFine(row)).map(({ name, where, replayAs }) => ({ layer, name, where, replay: replay.row(layer, replayAs ?? name) })),
  )
  const passed = layers.length > 0 && layers.every(({ rows: ofLayer }) => ofLayer.length > 0) && failed.length === 0 && run.unmatched.length === 0
  return { passed, ...run, replay: replay.all, failed, summary: everyLine(summarise(rows)), layers }
}

function everyLine(measured: Summary): Report["summary"] {
  const names = Object.keys(SUMMARY) as SummaryLine[]
  return Object.fromEntries(names.map((name) => [name, measured[name] ?? NOT_MEASURED])) as Report["summary"]
}

/** The report as people read it. */
export function formatReport(report: Report): string {
  const { servers, packages, node, machine } = report.versions
  const list = (versions: Readonly<Record<string, string>>): string =>
    Object.entries(versions)
      .map((pair) => pair.join(" "))
      .join(", ")
  return [
    ...report.layers.flatMap(({ layer, about, seconds, rows }) => [`${layer}: ${about} (${seconds.toFixed(0)} s)`, "", formatRows(rows), ...reasons(rows), ""]),
    "in all",
    "",
    alignColumns(Object.entries(report.summary).map(([name, value]) => [name, format(value)])),
    "",
    `${list(servers)}, node ${node}, ${list(packages)}`,
    `${machine}, ${report.scale} run of ${report.seconds.toFixed(1)} s, seed ${report.seed}`,
    `the same again: ${report.replay}`,
    ...report.failed.map(({ layer, name, where, replay }) => `failed: ${layer}, ${name}, ${where}; again: ${replay}`),
    ...report.unmatched.map((row) => `failed: Expected --row to name a row of the layers that ran, got ${JSON.stringify(row)}`),
    report.passed ? "passed: every answer is explained" : "FAILED",
  ].join("\n")
}

// Neighbours that count the same many things stand side by side; others one below the other.
function formatRows(rows: readonly Row[]): string {
  const groups: { readonly names: string; readonly rows: Row[] }[] = []
  for (const row of rows) {
    const own = Object.keys(row.figures)
    const names = own.length < MANY_FIGURES ? "" : own.join()
    const last = groups.at(-1)
    if (last?.names === names) last.rows.push(row)
    else groups.push({ names, rows: [row] })
  }
  return groups.map(({ names, rows: alike }) => (names === "" ? oneBelowTheOther(alike) : sideBySide(alike))).join("\n\n")
}

function sideBySide(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]?.figures ?? {})
  const places = ["", ...rows.map(({ where }) => where), "all"]
  const heads = ["", ...rows.map(({ name }) => name), ""]
  const figures = names.map((name) => {
    const values = rows.map(({ figures: ofRow }) => ofRow[name] ?? "")
    return [name, ...values.map(format), format(total(name, values))]
  })
  return alignColumns([places, heads, ...figures])
}

function total(name: string, values: readonly (number | string)[]): number | string {
  const numbers = values.filter((value) => typeof value === "number")
  if (numbers.length < values.length) return ""
  // Times of several places do not add up to one.
  return /^\s*longest\b|\bms\b/.test(name) ? Math.max(...numbers) : numbers.reduce((sum, one) => sum + one, 0)
}

function oneBelowTheOther(rows: readonly Row[]): string {
  const figures = ({ figures: ofRow, verdict, why }: Row): string =>
    verdict === "not run" || verdict === "left out"
      ? why.join(", ")
      : Object.entries(ofRow)
          .map(([name, value]) => `${name} ${format(value)}`)
          .join(", ")
  return alignColumns(
    rows.map((row) => [row.name, row.where, row.verdict, figures(row)]),
    "left",
  )
}

function format(value: number | string): string {
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(1) : String(value)
}

function alignColumns(table: readonly (readonly string[])[], side: "left" | "right" = "right"): string {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)))
  const align = (cell: string, column: number): string =>
    column === 0 || side === "left" ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)
  return table.map((row) => row.map(align).join("  ").trimEnd()).join("\n")
}

function reasons(rows: readonly Row[]): string[] {
  const all = rows.filter(({ verdict }) => verdict === "failed").flatMap(({ name, where, why }) => why.map((one) => `${name}, ${where}: ${one}`))
  if (all.length === 0) return []
  const more = all.length > SHOWN_REASONS ? [`… and ${all.length - SHOWN_REASONS} more; --json FILE writes all`] : []
  return ["", ...all.slice(0, SHOWN_REASONS), ...more]
}
