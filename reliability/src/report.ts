import { type Row, type Scale, SUMMARY, type Summary, summarise } from "./layer.js"
import type { NearMode } from "./near/near-mode.js"
import type { Versions } from "./versions.js"

export interface LayerResult {
  readonly layer: string
  /** Of all its rows. */
  readonly mode: NearMode
  readonly about: string
  readonly seconds: number
  readonly rows: readonly Row[]
}

type SummaryLine = keyof typeof SUMMARY

export interface Report {
  readonly passed: boolean
  /** Where it was cancelled: how many parts, each a layer in one mode, had run whole. */
  readonly cancelled: Cancelled | null
  readonly scale: Scale
  readonly seed: number
  readonly seconds: number
  readonly versions: Versions
  readonly replay: string
  /** How to make a row that failed again. */
  readonly failed: readonly FailedRow[]
  /** What was given as `--row` and is the name of no row that ran. */
  readonly unmatched: readonly string[]
  /** Of each mode that ran. */
  readonly summaries: { readonly [M in NearMode]?: ModeSummary }
  readonly layers: readonly LayerResult[]
}

export interface Cancelled {
  readonly ran: number
  readonly of: number
}

/** Every line, also where nothing measured it. */
export type ModeSummary = Readonly<Record<SummaryLine, number | typeof NOT_MEASURED>>

interface FailedRow {
  readonly layer: string
  readonly mode: NearMode
  readonly name: string
  readonly where: string
  readonly replay: string
}

interface Run {
  readonly seed: number
  readonly scale: Scale
  readonly seconds: number
  readonly versions: Versions
  readonly replay: { readonly all: string; row(of: Pick<LayerResult, "layer" | "mode">, row: string): string }
  /** Whether a row that could not run fails the whole, as it does in CI. */
  readonly mustRunAll: boolean
  /** Names of rows that were asked for, of which there was none: nothing is shown by what did not run. */
  readonly unmatched: readonly string[]
  readonly cancelled: Cancelled | null
}

/** What stands in a line that no layer of this run measured: a 0 would claim something. */
export const NOT_MEASURED = "not measured"

const SHOWN_REASONS = 10
const MANY_FIGURES = 12

export function makeReport(layers: readonly LayerResult[], { mustRunAll, replay, ...run }: Run): Report {
  const isFine = ({ verdict }: Row): boolean => verdict === "passed" || verdict === "left out" || (verdict === "not run" && !mustRunAll)
  const failed = layers.flatMap(({ layer, mode, rows: ofLayer }) =>
    ofLayer
      .filter((row) => !isFine(row))
      .map(({ name, where, replayAs }) => ({ layer, mode, name, where, replay: replay.row({ layer, mode }, replayAs ?? name) })),
  )
  const passed =
    run.cancelled === null && layers.length > 0 && layers.every(({ rows: ofLayer }) => ofLayer.length > 0) && failed.length === 0 && run.unmatched.length === 0
  return { passed, ...run, replay: replay.all, failed, summaries: summariesOf(layers), layers }
}

function summariesOf(layers: readonly LayerResult[]): Report["summaries"] {
  const modes = [...new Set(layers.map(({ mode }) => mode))]
  return Object.fromEntries(modes.map((mode) => [mode, everyLine(summarise(layers.filter((one) => one.mode === mode).flatMap(({ rows }) => rows)))]))
}

function everyLine(measured: Summary): ModeSummary {
  const names = Object.keys(SUMMARY) as SummaryLine[]
  return Object.fromEntries(names.map((name) => [name, measured[name] ?? NOT_MEASURED])) as ModeSummary
}

/** The report as people read it. */
export function formatReport(report: Report): string {
  const { servers, packages, node, machine } = report.versions
  const list = (versions: Readonly<Record<string, string>>): string =>
    Object.entries(versions)
      .map((pair) => pair.join(" "))
      .join(", ")
  return [
    ...report.layers.flatMap(({ layer, mode, about, seconds, rows }) => [
      `${layer}, ${mode}: ${about} (${seconds.toFixed(0)} s)`,
      "",
      formatRows(rows),
      ...reasons(rows),
      "",
    ]),
    "in all",
    "",
    formatSummaries(report.summaries),
    "",
    `${list(servers)}, node ${node}, ${list(packages)}`,
    `${machine}, ${report.scale} run of ${report.seconds.toFixed(1)} s, seed ${report.seed}`,
    `the same again: ${report.replay}`,
    ...report.failed.map(({ layer, mode, name, where, replay }) => `failed: ${layer}, ${mode}, ${name}, ${where}; again: ${replay}`),
    ...report.unmatched.map((row) => `failed: Expected --row to name a row of the layers that ran, got ${JSON.stringify(row)}`),
    endOf(report),
  ].join("\n")
}

function endOf({ passed, cancelled, failed }: Report): string {
  if (cancelled !== null) return `cancelled: ${cancelled.ran} of ${cancelled.of} parts ran whole, ${failed.length} rows of them failed`
  return passed ? "passed: every answer is explained" : "FAILED"
}

/** Side by side, one column for each mode. */
function formatSummaries(summaries: Report["summaries"]): string {
  const columns = Object.entries(summaries)
  const lines = Object.keys(SUMMARY) as SummaryLine[]
  return alignColumns([["", ...columns.map(([mode]) => mode)], ...lines.map((line) => [line, ...columns.map(([, of]) => format(of[line]))])])
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
