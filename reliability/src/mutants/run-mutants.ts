import { rmSync } from "node:fs"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { atExit } from "../at-exit.js"
import { isWanted, type LayerReport, type LayerSettings } from "../layer.js"
import { PROJECT_ROOT, projectFile } from "../project-root.js"
import { runChild } from "../run-child.js"

/** What a quick run takes out: one rule of a script, one of the record, one of the library's own. Their tests are quick, too. */
const QUICK_RULES = ["A duration in text names its unit", "The checksum covers what the caller writes"] as const
const NAME = "rules taken out"
const MOST_MS = { quick: 3 * 60_000, full: 45 * 60_000 } as const
const SHOWN_SURVIVORS = 20

interface MutantReport {
  readonly killed: number
  readonly total: number
  readonly mutants: readonly { readonly rule: string; readonly verdict: string; readonly by: string; readonly seconds: number }[]
}

/** Takes each protective rule out of a copy of the code, and expects a test to notice. */
export async function runMutants(settings: LayerSettings): Promise<LayerReport> {
  if (!isWanted(NAME, settings)) return []
  const { scale, signal, onProgress } = settings
  const folder = await mkdtemp(join(tmpdir(), "coatcheck-reliability-mutants-"))
  const forget = atExit(() => rmSync(folder, { recursive: true, force: true }))
  try {
    const json = join(folder, "mutants.json")
    const words = scale === "quick" ? QUICK_RULES : []
    const end = await runChild([projectFile("scripts/mutants/run.mjs"), "--json", json, ...words], {
      signal,
      cwd: PROJECT_ROOT,
      // The copy lies there, and goes with it.
      environment: { TMPDIR: folder },
      timeoutMs: MOST_MS[scale],
      onLine: (line) => onProgress(line.trim()),
    })
    return [rowOf(JSON.parse(await readFile(json, "utf8").catch(() => noReport(end.stderr))) as MutantReport)]
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    forget()
  }
}

function rowOf({ killed, total, mutants }: MutantReport): LayerReport[number] {
  const left = mutants.filter(({ verdict }) => verdict !== "killed")
  const slowest = Math.max(0, ...mutants.map(({ seconds }) => seconds))
  return {
    name: NAME,
    where: "the library's own tests",
    verdict: total > 0 && killed === total && left.length === 0 ? "passed" : "failed",
    figures: { tried: total, killed, "longest s": Math.round(slowest) },
    summary: { "mutants tried": total, "mutants killed": killed },
    why: left.slice(0, SHOWN_SURVIVORS).map(({ rule, verdict, by }) => `${rule}: ${verdict} ${by}`.trimEnd()),
  }
}

function noReport(stderr: string): never {
  throw new Error(`Expected a report of the mutants, got none: ${stderr.trim().split("\n").slice(-3).join(" ")}`)
}
