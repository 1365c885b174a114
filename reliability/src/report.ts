import { arch, platform } from "node:os"
import { type Row, type Summary, summarise } from "./layer.js"

export interface LayerResult {
  readonly layer: string
  readonly about: string
  readonly seconds: number
  readonly rows: readonly Row[]
}

export interface Report {
  readonly passed: boolean
  readonly seed: number
  readonly seconds: number
  readonly node: string
  readonly machine: string
  readonly replay: string
  readonly summary: Summary
  readonly layers: readonly LayerResult[]
}

interface Run {
  readonly seed: number
  readonly seconds: number
  readonly replay: string
  /** Whether a row that could not run fails the whole, as it does in CI. */
  readonly mustRunAll: boolean
}

const SHOWN_REASONS = 10

export function makeReport(layers: readonly LayerResult[], { mustRunAll, ...run }: Run): Report {
  const rows = layers.flatMap(({ rows: ofLayer }) => ofLayer)
  const isFine = ({ verdict }: Row): boolean => verdict === "passed" || (verdict === "not run" && !mustRunAll)
  const passed = layers.length > 0 && layers.every(({ rows: ofLayer }) => ofLayer.length > 0) && rows.every(isFine)
  return { passed, ...run, node: process.version, machine: `${platform()} ${arch()}`, summary: summarise(rows), layers }
}

/** The report as people read it. */
export function formatReport(report: Report): string {
  return [
    ...report.layers.flatMap(({ layer, about, seconds, rows }) => [`${layer}: ${about} (${seconds.toFixed(0)} s)`, "", formatRows(rows), ...reasons(rows), ""]),
    "in all",
    "",
    alignColumns(Object.entries(report.summary).map(([name, value]) => [name, format(value)])),
    "",
    `node ${report.node}, ${report.machine}, ${report.seconds.toFixed(1)} s, seed ${report.seed}`,
    `the same again: ${report.replay}`,
    report.passed ? "passed: every answer is explained" : "FAILED",
  ].join("\n")
}

// Rows that count the same things stand side by side; others one below the other.
function formatRows(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]?.figures ?? {})
  const sameFigures = rows.length > 0 && names.length > 0 && rows.every(({ figures }) => Object.keys(figures).join() === names.join())
  return sameFigures ? sideBySide(rows, names) : oneBelowTheOther(rows)
}

function sideBySide(rows: readonly Row[], names: readonly string[]): string {
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
  return name.startsWith("longest") ? Math.max(...numbers) : numbers.reduce((sum, one) => sum + one, 0)
}

function oneBelowTheOther(rows: readonly Row[]): string {
  const figures = ({ figures: ofRow, verdict, why }: Row): string =>
    verdict === "not run"
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
