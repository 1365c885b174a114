import type { Group } from "../group.js"
import { markdownTable } from "../markdown.js"
import { targetSum, targetTable } from "../targets/target-table.js"
import type { GroupResult, Results, Run } from "./results.js"

const HEAD = `<!-- Written by npm run bench; bench/README.md says what it measures. -->

# What was measured

Medians, with the quartiles in brackets. A target is reached when the middle half of all rounds reaches it; where it lies on both sides, the answer is "too noisy to
tell". [README.md](README.md) says what each row is, [results.json](results.json) has all figures.`

/** The page that people read: targets first, then each group that was measured, in the order of the groups. */
export function resultsPage(results: Results, groups: Readonly<Record<string, Pick<Group, "about">>>): string {
  const measured = Object.entries(groups).flatMap(([name, { about }]) => (results[name] === undefined ? [] : [{ name, about, result: results[name] }]))
  const findings = measured.flatMap(({ result }) => result.findings)
  const runs = new Map(measured.map(({ result: { run } }) => [told(run), run]))
  const parts = [
    HEAD,
    ...[...runs.values()].map((run) => madeWith(run, namesOf(measured, run))),
    `## Targets\n\n${targetSum(findings)}.\n\n${targetTable(findings)}`,
    ...measured.map(({ name, about, result }) => section(name, about, result, runs.size > 1)),
  ]
  return `${parts.join("\n\n")}\n`
}

function namesOf(measured: readonly { readonly name: string; readonly result: GroupResult }[], run: Run): readonly string[] {
  return measured.filter(({ result }) => told(result.run) === told(run)).map(({ name }) => name)
}

function section(name: string, about: string, { run, seconds, texts, charts }: GroupResult, saysWhen: boolean): string {
  const pictures = charts.map((chart) => `[![${chart.title}](charts/${chart.name}.svg)](charts/${chart.name}.svg)`)
  const said = [...(saysWhen ? [told(run)] : []), ...(seconds === undefined ? [] : [`took ${seconds} s`])].join("; ")
  return [`## ${name}: ${about}`, ...(said === "" ? [] : [said]), ...pictures, ...texts].join("\n\n")
}

/** One line. */
export function told({ date, commit, machine, node, rounds, quick, awake = false }: Run): string {
  const at = commit === null ? "" : `, commit ${commit}`
  return `${date.slice(0, 16).replace("T", " ")} UTC${at}; ${machine}; Node ${node.slice(1)}${awake ? "; cores kept awake" : ""}${rounds === null ? "" : `; ${rounds} rounds`}${quick ? "; --quick: too short to judge by" : ""}`
}

/** For below a chart, which may be looked at without the page; a name stays on one line with its version. */
export function toldWithVersions(run: Run): string {
  return `${told(run)}; ${versionsOf(run)
    .map((one) => one.join("\u00a0"))
    .join(", ")}`
}

function versionsOf({ servers, packages }: Run): readonly (readonly [string, string])[] {
  return Object.entries({ ...servers, ...packages }).toSorted(([one], [other]) => one.localeCompare(other))
}

function madeWith(run: Run, groups: readonly string[]): string {
  return `${told(run)}: ${groups.join(", ")}.\n\n<details><summary>Versions</summary>\n\n${markdownTable(["program or package", "version"], versionsOf(run))}\n\n</details>`
}
