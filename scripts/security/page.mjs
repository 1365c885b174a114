import { claimOf, testFile } from "./judge.mjs"
import { OURS } from "./print.mjs"

const INTRODUCTION = `# Security, requirement by requirement

Which requirements and attacks this library has an answer to, and which tests show it. \`npm run security\` runs the tests that are named here, without and
with the near-cache on in every service on Redis, and fails when one is missing, skipped or red in either mode; \`-- --no-near-cache\` and
\`-- --near-cache\` run one of them. [threats.md](threats.md) says the same in plain words, without the tables.

- **shown**: the tests beside it show it.
- **part**: tests show a part; what is open stands beside them.
- **not yet**: there is nothing that could be tested.
- **not ours**: it is for the application, or for another layer, to do; the reason stands beside it.

This page is written by \`npm run security -- --write\` from \`scripts/security/rows\`; change it there.
`

const MARKS = { yes: "yes", part: "part", no: "–", none: "n/a" }

/** docs/security.md, from the rows alone: no result of a run is in it, for a page whose tests fail is not to be had. */
export function renderPage(sections, controls, peers) {
  return [INTRODUCTION, ...sections.map(renderSection), renderComparison(controls, peers)].join("\n")
}

function renderSection({ title, about, rows }) {
  const lines = rows.map((row) => `| ${row.id} | ${row.text} | ${claimOf(row)} | ${evidence(row)} |`)
  return [`## ${title}\n`, `${about}\n`, "| | what is asked | | tests, and what is open |", "|---|---|---|---|", ...lines, ""].join("\n")
}

function evidence({ shown = [], open, notOurs }) {
  const tests = shown.map(([file, name]) => `[${file.replace(/^.*\//, "")}](../${testFile(file)}): ${inCell(name)}`)
  return [...tests, ...(open === undefined ? [] : [`Open: ${open}`]), ...(notOurs === undefined ? [] : [`Because ${notOurs}`])].join("<br>")
}

const inCell = (text) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

function renderComparison(controls, peers) {
  const head = ["", "", "coatcheck", ...peers.map(({ short }) => short)]
  const lines = controls.map((control) => [control.id, control.text, MARKS[OURS[claimOf(control)]], ...control.peers.map((mark) => MARKS[mark])])
  const row = (cells) => `| ${cells.join(" | ")} |`
  return [
    "## Beside others\n",
    "What is on by default, and for C9 to C13, C17 and C20 what is offered; by reading sources and papers of the versions below. None of these programs was run for",
    "it. Part: to be turned on, incomplete, or right only as long as nothing runs beside it. A cell can be argued with; what it rests on is said below.\n",
    row(head),
    row(head.map(() => "---")),
    ...lines.map(row),
    "",
    ...peers.map(({ short, name, read, why }) => `- **${short}**: ${name}, ${read}. ${why}`),
    "\nWhat our own column rests on:\n",
    ...controls.map((control) => `- ${control.id}: ${evidence(control).replaceAll("<br>", "; ")}`),
    "",
  ].join("\n")
}
