import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { readVersions } from "coatcheck-reliability/versions"
import type { Run } from "./results.js"

const PACKAGE = new URL("../../package.json", import.meta.url)

/** What this run is made with: the library, and every package that this workspace depends on. */
export function runOf({ rounds, quick, awake }: Pick<Run, "rounds" | "quick" | "awake">): Run {
  const { dependencies } = JSON.parse(readFileSync(PACKAGE, "utf8")) as { readonly dependencies: Readonly<Record<string, string>> }
  const names = Object.keys(dependencies).filter((name) => name !== "coatcheck-reliability")
  return { date: new Date().toISOString(), commit: commitHere(), rounds, quick, awake, ...readVersions(names, PACKAGE.href) }
}

function commitHere(): string | null {
  const git = (...words: string[]) => spawnSync("git", words, { cwd: new URL("..", PACKAGE), encoding: "utf8" })
  const head = git("rev-parse", "--short", "HEAD")
  if (head.status !== 0) return null
  const changed = git("status", "--porcelain", "--untracked-files=no")
    .stdout.split("\n")
    .some((line) => line !== "" && !isResult(line))
  return changed ? `${head.stdout.trim()}, changed` : head.stdout.trim()
}

/** What a run writes itself is no change of the code. */
function isResult(line: string): boolean {
  return /^.. bench\/(RESULTS\.md|results\.json|charts\/)/.test(line)
}
