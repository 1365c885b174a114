import type { Chart } from "../charts/chart.js"
import { withFoot } from "../charts/svg.js"
import type { Group, GroupSettings } from "../group.js"
import { AwakeCores } from "../processes/AwakeCores.js"
import { type Finding, findingTable } from "../targets/target-table.js"
import type { GroupResult, Run } from "./results.js"
import { toldWithVersions } from "./results-page.js"

export interface RunSettings extends GroupSettings {
  readonly run: Run
  /** In seconds. */
  readonly onTook: (name: string, seconds: number) => void
  /** Takes what a group came to as soon as it ended. */
  readonly keep: (name: string, result: GroupResult, charts: readonly Chart[]) => Promise<void>
}

/**
 * Runs groups one after the other. What the ones before came to is kept when a later one breaks or is cancelled.
 *
 * @returns what all of them found
 * @throws RangeError when none has a row that was asked for
 */
export async function runGroups(groups: readonly (readonly [string, Group])[], { run, keep, ...settings }: RunSettings): Promise<readonly Finding[]> {
  const all: Finding[] = []
  let hasRows = settings.only === ""
  const pace = paceOf(groups, settings)
  for (const [place, [name, group]] of groups.entries()) {
    const texts: string[] = []
    const onText = (text: string): void => {
      texts.push(text)
      settings.onText(text)
    }
    settings.onText(`\n## ${name}: ${group.about}`)
    const onProgress = (text: string): void => settings.onProgress(`[${place + 1}/${groups.length}, ${pace()}] ${name}: ${text}`)
    const own = ownRun(run, group)
    await using _cores = own.awake === true ? await AwakeCores.start() : null
    const began = performance.now()
    const { figures, findings: found = [], charts = [] } = await group.run({ ...settings, rounds: own.rounds ?? settings.rounds, onProgress, onText })
    const findings = found.map((one) => (settings.quick ? { ...one, isQuick: true } : one))
    all.push(...findings)
    const seconds = (performance.now() - began) / 1_000
    settings.onTook(name, seconds)
    if (texts.length === 0 && settings.only !== "") continue
    hasRows = true
    if (findings.length > 0) settings.onText(`Wanted:\n\n${findingTable(findings)}`)
    const named = charts.map(({ name: file, title }) => ({ name: file, title }))
    await keep(name, { run: own, seconds: Math.round(seconds), texts, findings, charts: named, figures }, footed(charts, own))
  }
  if (!hasRows) {
    const names = groups.map(([name]) => name).join(", ")
    throw new RangeError(`Expected --only to be in the name of a row, as bench/RESULTS.md tells them; no row of ${names} has "${settings.only}" in it`)
  }
  return all
}

/** A chart is looked at without the page, too. */
function footed(charts: readonly Chart[], run: Run): readonly Chart[] {
  return charts.map((chart) => ({ ...chart, svg: withFoot(chart.svg, toldWithVersions(run)) }))
}

/** What is true of one group of a run. */
function ownRun(run: Run, { coresMayHalt, rounds }: Group): Run {
  const own = rounds === undefined ? run.rounds : (rounds?.[run.quick ? "quick" : "full"] ?? null)
  return { ...run, awake: run.awake === true && coresMayHalt !== true, rounds: own }
}

/** What these groups take together, in minutes. */
export function minutesOf(groups: readonly (readonly [string, Group])[], { quick, rounds }: Pick<GroupSettings, "quick" | "rounds">): number {
  const [usual, takes] = quick ? ([3, "quick"] as const) : ([7, "full"] as const)
  const more = (1 + rounds) / (1 + usual)
  const seconds = groups.reduce((sum, [, group]) => sum + group.takes[takes] * (group.rounds === undefined ? more : 1), 0)
  return seconds / 60
}

function paceOf(groups: readonly (readonly [string, Group])[], settings: GroupSettings): () => string {
  const began = performance.now()
  const all = Math.ceil(minutesOf(groups, settings))
  return () => `${Math.round((performance.now() - began) / 60_000)} of about ${all} min`
}
