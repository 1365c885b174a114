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
  const changed = git("status", "--porcelain", "--untracked-files=all").stdout.split("\n").some(isChange)
  return changed ? `${head.stdout.trim()}, changed` : head.stdout.trim()
}

/** Whether a line of `git status` tells of other code than the commit has. What a run writes itself is none, nor is what lies about elsewhere and git does not know. */
export function isChange(line: string): boolean {
  if (/^.. bench\/(RESULTS\.md|results\.json|charts\/)/.test(line)) return false
  return line.startsWith("??") ? /^\?\? "?(src|bench|reliability)\//.test(line) : line !== ""
}
