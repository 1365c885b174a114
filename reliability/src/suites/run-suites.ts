import { rmSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { atExit } from "../at-exit.js"
import { isWanted, type LayerReport, type LayerSettings, type Row } from "../layer.js"
import { PROJECT_ROOT, projectFile } from "../project-root.js"
import { runChild } from "../run-child.js"
import { type BadInputFigures, readBadInput } from "./bad-input-figures.js"
import { readTestReport, type TestReport } from "./test-report.js"

interface Suite {
  readonly name: string
  /** Files or folders of tests in a full run. */
  readonly tests: readonly string[]
  /** Those of a quick run; without them it has none, because `npm test` runs these very tests. */
  readonly quick?: readonly string[]
  readonly badInput?: boolean
}

const TESTS = "src/__tests__"
const SUITES: readonly Suite[] = [
  { name: "contract", tests: [`${TESTS}/conformance`] },
  { name: "model", tests: [`${TESTS}/model`] },
  { name: "interleavings and races", tests: [`${TESTS}/races`] },
  {
    name: "bad input",
    tests: [`${TESTS}/bad-input`],
    quick: [`${TESTS}/bad-input/fuzz.test.ts`, `${TESTS}/bad-input/tokens-and-users.test.ts`],
    badInput: true,
  },
]
const FUZZED = { quick: 300, full: 100_000 } as const
const MOST_MS = { quick: 2 * 60_000, full: 30 * 60_000 } as const
const SHOWN_FAILURES = 10

/** Runs the library's own tests, and tells how many there were and what they tried. */
export async function runSuites(settings: LayerSettings): Promise<LayerReport> {
  const rows: Row[] = []
  for (const suite of SUITES.filter(({ name }) => isWanted(name, settings))) {
    const tests = settings.scale === "full" ? suite.tests : suite.quick
    if (tests !== undefined) rows.push(await runSuite(suite, tests, settings))
  }
  return rows
}

async function runSuite({ name, badInput }: Suite, tests: readonly string[], { scale, signal, onProgress }: LayerSettings): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-reliability-suite-"))
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }))
  onProgress(`${name}: ${tests.join(" ")}`)
  try {
    const [report, tried] = [join(folder, "report.json"), join(folder, "tried")]
    await mkdir(tried)
    const args = [projectFile("node_modules/vitest/vitest.mjs"), "run", ...tests, "--reporter=json", `--outputFile.json=${report}`]
    const environment = { TMPDIR: folder, COATCHECK_FUZZ_RUNS: String(FUZZED[scale]), COATCHECK_BAD_INPUT_FIGURES: tried }
    const end = await runChild(args, { signal, cwd: PROJECT_ROOT, environment, timeoutMs: MOST_MS[scale] })
    return rowOf(name, await readTestReport(report, end.stderr), badInput === true ? await readBadInput(tried) : undefined)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    forget()
  }
}

function rowOf(name: string, { passed, failures, skipped }: TestReport, tried: BadInputFigures | undefined): Row {
  const why = [
    ...failures,
    ...(passed === 0 ? ["Expected tests to run, got none"] : []),
    ...(skipped > 0 ? [`Expected every test to run, got ${skipped} that did not`] : []),
    ...(tried === undefined ? [] : breaches(tried)),
  ]
  return {
    name,
    where: "the library's own tests",
    verdict: why.length === 0 ? "passed" : "failed",
    figures: { tests: passed + failures.length, passed, ...(tried === undefined ? {} : badInputFigures(tried)) },
    ...(tried === undefined ? {} : { summary: badInputSummary(tried) }),
    why: why.slice(0, SHOWN_FAILURES),
  }
}

function badInputFigures({ curated, fuzzed, refused, absent, roundTripped, crashes, commandsForRefused, prototypePolluted }: BadInputFigures): Row["figures"] {
  return {
    curated,
    fuzzed,
    refused,
    "answered as absent": absent,
    "round-tripped": roundTripped,
    crashes,
    "commands sent for refused": commandsForRefused,
    "prototype polluted": prototypePolluted,
  }
}

function badInputSummary({ curated, fuzzed, crashes, commandsForRefused, prototypePolluted }: BadInputFigures): NonNullable<Row["summary"]> {
  return {
    "bad inputs tried": curated + fuzzed,
    "  crashes": crashes,
    "  commands sent for what was refused": commandsForRefused,
    "  prototype changed": prototypePolluted,
  }
}

function breaches({ curated, fuzzed, refused, roundTripped, crashes, commandsForRefused, prototypePolluted }: BadInputFigures): string[] {
  const bad = Object.entries({ crashes, commandsForRefused, prototypePolluted }).filter(([, count]) => count !== 0)
  const empty = Object.entries({ curated, fuzzed, refused, roundTripped }).filter(([, count]) => count <= 0)
  return [...bad.map(([what, count]) => `Expected no ${what}, got ${count}`), ...empty.map(([what]) => `Expected some input to be ${what}, got none`)]
}
