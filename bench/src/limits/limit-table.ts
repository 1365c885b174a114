import { markdownTable, shown } from "../markdown.js"
import { type Compared, relationOf } from "../rounds/beside-baseline.js"
import type { InFlightFigures } from "../rounds/more-in-flight.js"
import { verdictOf } from "../spread.js"
import type { Finding } from "../targets/target-table.js"
import { TARGETS, type TargetId } from "../targets/targets.js"
import type { LimitCase } from "./limit-case.js"

type ToldCase = Omit<LimitCase, "work">

/** Where targets are set, and what else than shares is told of. */
export const TOLD_IN_FLIGHT = 64
/** Of decisions that reached the server, when every one should. */
const NEARLY_ALL = 0.98

/** What came of one stand with one number of keys. */
export interface StandFigures {
  readonly stand: string
  readonly keys: string
  readonly measured: readonly InFlightFigures[]
  /** By the names of rows. */
  readonly verdicts: Readonly<Record<string, string>>
  /** By the names of rows. */
  readonly targets: Readonly<Record<string, TargetId>>
}

/** What is to be said of rows with a target, and of those that are not what their names say. */
export function verdictsOn(measured: readonly InFlightFigures[], cases: readonly ToldCase[]): Readonly<Record<string, string>> {
  // With more in flight several decisions share a command.
  const alone = measured.find(({ inFlight }) => inFlight === 1)?.rows ?? []
  const named = <T extends { readonly name: string }>(all: readonly T[], { name }: Compared): T | undefined => all.find((one) => one.name === name)
  const verdicts = toldOf(measured).map((row) => [row.name, verdictOn(row, named(alone, row), named(cases, row))] as const)
  return Object.fromEntries(verdicts.filter(([, verdict]) => verdict !== ""))
}

/** Which rows a target is about. */
export function targetsOf(cases: readonly ToldCase[]): Readonly<Record<string, TargetId>> {
  return Object.fromEntries(cases.flatMap(({ name, target }) => (target === undefined ? [] : [[name, target] as const])))
}

/** What the targets are about, of what was measured. */
export function limitFindings(stands: readonly Pick<StandFigures, "measured" | "targets">[]): readonly Finding[] {
  return stands.flatMap(({ measured, targets }) =>
    toldOf(measured).flatMap(({ name, share }) => (targets[name] === undefined ? [] : [{ target: targets[name], measured: share }])),
  )
}

/** One line a row, the baseline first. */
export function limitTable({ measured, verdicts }: Pick<StandFigures, "measured" | "verdicts">): string {
  const head = [
    "decision",
    ...measured.map(({ inFlight }) => (inFlight === 1 ? "latency with 1 in flight, of INCR's" : `rate with ${inFlight} in flight, of INCR's`)),
    `a second (${TOLD_IN_FLIGHT})`,
    `CPU µs (${TOLD_IN_FLIGHT})`,
    `Redis CPU µs (${TOLD_IN_FLIGHT})`,
    "commands (1)",
    `wanted (${TOLD_IN_FLIGHT})`,
  ]
  const lines = toldOf(measured).map((row, place) => [
    row.name,
    ...measured.map(({ inFlight, rows }) => relation(rows[place], inFlight)),
    `${Math.round(row.rate.median / 1_000)} k`,
    row.cpu.median.toFixed(1),
    row.serverCpu.median.toFixed(1),
    // With more in flight several decisions share a command.
    commandsOf(measured.find(({ inFlight }) => inFlight === 1)?.rows[place] ?? row),
    verdicts[row.name] ?? "–",
  ])
  return markdownTable(head, lines)
}

/** One line a row, a column for each client and number of keys: the rates alone, and what was wanted of them. */
export function overviewTable(stands: readonly Omit<StandFigures, "targets">[]): string {
  const names = [...new Set(stands.flatMap(({ measured }) => toldOf(measured).map(({ name }) => name)))]
  const cell = (name: string, { measured, verdicts }: Pick<StandFigures, "measured" | "verdicts">): string => {
    const row = toldOf(measured).find((one) => one.name === name)
    return row === undefined ? "–" : [shown(row.share, 2), verdicts[name] ?? []].flat().join("; ")
  }
  return markdownTable(
    ["decision", ...stands.map(({ stand, keys }) => `${stand}, ${keys}`)],
    names.map((name) => [name, ...stands.map((one) => cell(name, one))]),
  )
}

export function toldOf(measured: readonly InFlightFigures[]): readonly Compared[] {
  return measured.find(({ inFlight }) => inFlight === TOLD_IN_FLIGHT)?.rows ?? []
}

function relation(row: Compared | undefined, inFlight: number): string {
  return row === undefined ? "–" : shown(relationOf(row, inFlight), 2)
}

function verdictOn(row: Compared, alone: Compared | undefined, limitCase: ToldCase | undefined): string {
  const asked = alone === undefined ? 1 : askedOf(alone)
  if (limitCase?.asksStore && asked < NEARLY_ALL) return `not comparable: ${Math.round((1 - asked) * 100)} % were answered without the server`
  return limitCase?.target === undefined ? "" : verdictOf(row.share, TARGETS[limitCase.target])
}

/** How much of the decisions reached the server, with one in flight: each sends a command that no other sends. */
export function askedOf({ commands }: Pick<Compared, "commands">): number {
  return Math.max(0, ...Object.values(commands))
}

/** `evalsha, get, 2 × set` */
export function commandsOf({ commands }: Pick<Compared, "commands">): string {
  const told = Object.entries(commands)
    .filter(([, calls]) => calls >= 0.01)
    .map(([name, calls]) => (Math.abs(calls - 1) < 0.02 ? name : `${calls.toFixed(2)} × ${name}`))
  return told.join(", ") || "none"
}
