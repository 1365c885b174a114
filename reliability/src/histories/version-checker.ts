import type { HistoryLine } from "./history-line.js"
import { checkLimit } from "./limit-sweep.js"
import { checkLists } from "./list-intervals.js"
import { prefixMaximum } from "./prefix-maximum.js"
import { type SessionHistory, splitBySession } from "./session-histories.js"
import { lifeOf, type SessionLife } from "./session-life.js"
import type { SessionOperation } from "./session-model.js"
import type { Rule, Violation } from "./violation.js"

/**
 * Checks every operation of a history by time and version, in O(n log n). It decides less than the search, and has no bound of length.
 *
 * @returns each broken rule; empty when all hold
 */
export function checkVersions(lines: readonly HistoryLine[], histories = splitBySession(lines)): Violation[] {
  const lives = new Map(histories.map((history) => [history.session, lifeOf(history)]))
  const ofSessions = histories.flatMap((history) => checkSession(history, lives.get(history.session) as SessionLife))
  return [...ofSessions, ...checkLists(lines, lives), ...checkLimit(lines, lives)]
}

function checkSession(history: SessionHistory, life: SessionLife): Violation[] {
  const broken: Violation[] = []
  const report = (rule: Rule, what: string): void => void broken.push({ rule, subject: history.session, what })
  checkWrites(life, report)
  checkReads(history.operations, life, report)
  checkEndings(history.operations, life, report)
  return broken
}

type Report = (rule: Rule, what: string) => void

function checkWrites({ writes, unknownUpdates }: SessionLife, report: Report): void {
  const byVersion = new Map<number, SessionOperation>()
  let highest = 0
  for (const write of writes) {
    const version = write.seen?.version ?? 0
    if (byVersion.has(version)) report("V1", `version ${version} was acknowledged to two writers`)
    byVersion.set(version, write)
    highest = Math.max(highest, version)
  }
  const missing = highest - byVersion.size
  if (missing > unknownUpdates) report("V1", `${missing} of the versions up to ${highest} were written by nobody, with ${unknownUpdates} updates unknown`)
}

function checkReads(operations: readonly SessionOperation[], life: SessionLife, report: Report): void {
  const writeOf = new Map(life.writes.map((write) => [write.seen?.version, write]))
  const acked = prefixMaximum(life.writes.map((write) => ({ at: write.ret, value: write.seen?.version ?? 0 })))
  for (const { kind, seen, call, ret } of operations) {
    if (seen === undefined) continue
    if (kind === "read" || kind === "rotate") {
      const write = writeOf.get(seen.version)
      if (write?.write !== undefined ? write.write !== seen.text : !life.unknownTexts.has(seen.text))
        report("V2", `version ${seen.version} was read with a text that was never written as this version`)
      if (write !== undefined && write.call > ret) report("V4", `version ${seen.version} was read before anybody began to write it`)
      const known = acked(call)
      if (seen.version < known) report("V3", `version ${seen.version} was read after version ${known} had been acknowledged`)
    } else if (kind === "update") {
      const known = acked(call)
      if (seen.version <= known) report("V3", `version ${seen.version} was written after version ${known} had been acknowledged`)
    }
  }
}

function checkEndings(operations: readonly SessionOperation[], life: SessionLife, report: Report): void {
  for (const operation of operations) {
    const { kind, outcome, call, ret, secret, bestEffort } = operation
    if (kind === "create" || kind === "end") continue
    if ((outcome === "ok" || outcome === "conflict") && call > life.endedBy) report("V5", `a ${kind} found the session after its end had been acknowledged`)
    if (outcome !== "none" || bestEffort === true) continue
    const secretBegan = secret === undefined ? life.createdBy : (life.issuedBy.get(secret) ?? Number.POSITIVE_INFINITY)
    const secretEnds = secret === undefined ? Number.POSITIVE_INFINITY : (life.replacedFrom.get(secret) ?? Number.POSITIVE_INFINITY)
    if (call > secretBegan && ret < life.mayEndFrom && ret < secretEnds)
      report("V6", `a ${kind} did not find the session while it was alive and nobody had begun to end it`)
  }
}
