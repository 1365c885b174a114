import { explain } from "../../histories/check-history.js"
import { type HistoryLine, returned } from "../../histories/history-line.js"
import { linearize, type Verdict } from "../../histories/linearizability.js"
import { rotatedThenRead } from "../../histories/second-copies.js"
import { type SessionHistory, splitBySession } from "../../histories/session-histories.js"
import { ABSENT, nameState, type SessionOperation, type SessionState, step, UNSEEN_SECRET } from "../../histories/session-model.js"
import { checkVersions } from "../../histories/version-checker.js"
import type { Fault, SeedOptions } from "../seed-options.js"
import { GUESTS } from "../workload/SimulatedService.js"
import { type Findings, UNDECIDED } from "./Findings.js"

/** What the faults did to the data, in nanoseconds of virtual time. */
export type DataFault =
  /** The session is gone: by the server, or by a creation that made room and whose answer may not have told it. */
  | { readonly kind: "evicted"; readonly at: number; readonly session: string }
  /** The user's list is gone. */
  | { readonly kind: "list-evicted"; readonly at: number; readonly user: string }
  /** The session is again what it was some writes ago. */
  | { readonly kind: "restored"; readonly at: number; readonly session: string; readonly state: SessionState }

/** A touch that the store did not acknowledge: the read it belongs to did not make the session live longer. */
export interface FailedTouch {
  readonly at: number
  readonly session: string
}

interface Restored extends SessionOperation {
  readonly state: SessionState
}
/**
 * A change that found no session, and whose own first copy, the answer to which was lost, may have been made before: a sign-out that ended the session
 * itself, or a change of one that ended in between.
 */
interface RepeatedChange extends SessionOperation {
  readonly mayBeOwn: true
}
type Operation = SessionOperation | Restored | RepeatedChange

const MODEL = { initial: ABSENT as SessionState, step: stepWithFaults, name: nameState }

function stepWithFaults(state: SessionState, operation: Operation): SessionState | undefined {
  if ("state" in operation) return operation.state
  if ("mayBeOwn" in operation) return step(state, operation) ?? step(state, { ...operation, outcome: operation.kind === "delete" ? "ok" : "unknown" })
  return step(state, operation)
}

/** Faults by which the answer to a command that was carried out can be lost. */
const LOSES_REPLIES: readonly Fault[] = ["reset", "lost-reply", "silence", "failover", "power-cut"]

function losesReplies({ faults }: SeedOptions): boolean {
  return LOSES_REPLIES.some((fault) => faults.has(fault))
}

/** The hardest of a million histories took eight seconds on a slow machine. */
const SEARCH_MS = 60_000
const MS = 1_000_000

/** Puts the calls of a run through the checkers, together with what is known of lost data. */
export function checkRun(
  lines: readonly HistoryLine[],
  facts: { readonly faults: readonly DataFault[]; readonly failedTouches: readonly FailedTouch[]; readonly options: SeedOptions },
  findings: Findings,
): void {
  const { faults, options } = facts
  const holes = new Set(faults.flatMap((fault) => (fault.kind === "list-evicted" ? [fault.user] : [])))
  const created = new Set(lines.filter(({ op }) => op === "create").map(({ value }) => value.seen?.session))
  const known = lines
    .flatMap((line) => (holes.has(line.args.user ?? "") ? trustNoList(line, created) : [line]))
    .flatMap((line) => (losesReplies(options) ? rotatedThenRead(line) : [line]))
  const histories = splitBySession(known).map((history) => ({ ...history, operations: withFaults(history, lines, facts) }))
  if (!faults.some(({ kind }) => kind === "restored")) {
    const madeAgain = new Set(histories.filter((history) => faults.some((fault) => creationMadeAgain(history, fault, faults))).map(({ session }) => session))
    for (const { rule, subject, what } of checkVersions(known, histories.map(withoutOwnChanges))) {
      if ((rule === "V7" || rule === "V8") && holes.has(subject)) continue
      // Whether its end came before or after it was made is for the search to tell.
      if (rule === "V5" && madeAgain.has(subject)) continue
      findings.report(rule, `${subject}: ${what}`)
    }
  }
  for (const { session, operations } of histories) {
    const verdict: Verdict<Operation> = linearize<SessionState, Operation>(MODEL, operations, { timeMs: SEARCH_MS })
    if (verdict.verdict === "undecided") findings.see(UNDECIDED)
    if (verdict.verdict === "violation") findings.report("search", `${session}: ${explain(verdict, operations.length)}`)
  }
  findings.see("histories searched", histories.length)
  if (options.expiring) findings.see("sessions that may have expired", histories.length)
}

/** A list that lost members shows some sessions and proves the absence of none, and a sign-out everywhere by it may miss some. */
function trustNoList(line: HistoryLine, created: ReadonlySet<string | undefined>): HistoryLine[] {
  if (line.op === "deleteAll") return [{ ...line, outcome: "unknown", ret: null }]
  if (line.op !== "list") return [line]
  const listed = (line.value.listed ?? []).filter(({ session }) => created.has(session))
  return listed.map((seen) => ({ ...line, op: "get", args: { session: seen.session }, value: { seen } }))
}

function withFaults(
  history: SessionHistory,
  lines: readonly HistoryLine[],
  { faults, failedTouches, options }: { readonly faults: readonly DataFault[]; readonly failedTouches: readonly FailedTouch[]; readonly options: SeedOptions },
): readonly Operation[] {
  const ofSession = faults.filter((fault) => fault.kind !== "list-evicted" && fault.session === history.session)
  const mayExpireAt = options.expiring ? mayExpireFrom(history.session, lines, failedTouches, options) : Number.POSITIVE_INFINITY
  const own = history.operations.map(
    (operation): Operation => (losesReplies(options) && isInDoubt(operation, history, ofSession, mayExpireAt) ? { ...operation, mayBeOwn: true } : operation),
  )
  for (const fault of ofSession) {
    if (fault.kind === "list-evicted") continue
    const { at } = fault
    const end = { kind: "end", outcome: "ok", call: at, ret: at } as const
    const begun = history.operations.filter((change) => isChange(change) && change.call < at)
    const creating = begun.find(({ kind, ret }) => kind === "create" && ret > at)
    if (fault.kind === "evicted") {
      const again = creationMadeAgain(history, fault, faults)
      if (again !== undefined) own.push({ ...end, state: ABSENT }, { ...again, ...MADE_BEFORE })
      else own.push(end)
    } else {
      own.push({ ...end, state: givenOut(fault.state, creating?.issued) })
      // The step that gave a guest the secret may have been sent twice, too, and its first copy be read only now.
      for (const { kind, issued } of begun)
        if (kind === "create" && history.user?.startsWith(GUESTS)) own.push({ ...end, ...MADE_BEFORE, kind: "rotate", secret: UNSEEN_SECRET, issued })
      // A change whose first copy was lost with the data is made again by its second, or meets another one then, whatever its caller is told; and the first copy of
      // a creation that was sent twice may be read only now, when nothing tells any more that there was a second.
      for (const change of begun) if (change.ret > at || change.kind === "create") own.push({ ...change, ...MADE_BEFORE })
      // A sign-out whose effect was lost may be made again by whoever made it.
      if (fault.state.is === "live" && mayHaveBeenEnded(history, at)) own.push({ kind: "end", outcome: "unknown", call: at, ret: Number.POSITIVE_INFINITY })
    }
  }
  if (options.expiring) own.push({ kind: "end", outcome: "unknown", call: mayExpireAt, ret: Number.POSITIVE_INFINITY })
  return own
}

// Whether such a call did anything cannot be told from its answer.
function withoutOwnChanges(history: SessionHistory): SessionHistory {
  const operations = history.operations.map((operation): SessionOperation => {
    if (!("mayBeOwn" in operation)) return operation
    return operation.kind === "delete" ? { ...operation, kind: "end", outcome: "unknown" } : { ...operation, outcome: "unknown" }
  })
  return { ...history, operations }
}

/** Whether an answer "no such session" may be that to a second copy. */
function isInDoubt({ kind, outcome, ret }: SessionOperation, { operations }: SessionHistory, faults: readonly DataFault[], mayExpireAt: number): boolean {
  if (outcome !== "none" || kind === "read") return false
  if (kind === "delete") return true
  // A sign-out whose own first copy ended the session may say that it found none, too.
  const mayEnd = operations.some((other) => (other.kind === "end" || other.kind === "delete") && other.call < ret)
  return mayEnd || mayExpireAt < ret || faults.some(({ at }) => at < ret)
}

/** The creation that made its session again after a fault ended it: where no list tells its second copy that the first was made. */
function creationMadeAgain({ operations, user, session }: SessionHistory, fault: DataFault, faults: readonly DataFault[]): SessionOperation | undefined {
  if (fault.kind !== "evicted" || fault.session !== session) return undefined
  const isUnlisted = user?.startsWith(GUESTS) || faults.some((other) => other.kind === "list-evicted" && other.user === user)
  return isUnlisted ? operations.find(({ kind, call, ret }) => kind === "create" && call < fault.at && ret > fault.at) : undefined
}

/** A guest's session may be opened with a secret that nobody gets, until the same call gives it the caller's. */
function givenOut(state: SessionState, issued: string | undefined): SessionState {
  return state.is === "live" && state.secret === UNSEEN_SECRET && issued !== undefined ? { ...state, secret: issued } : state
}

const MADE_BEFORE = { outcome: "unknown", seen: undefined, ret: Number.POSITIVE_INFINITY } as const

function isChange({ kind }: SessionOperation): boolean {
  return kind === "create" || kind === "update" || kind === "rotate"
}

function mayHaveBeenEnded({ operations }: SessionHistory, before: number): boolean {
  return operations.some(({ kind, call }) => (kind === "delete" || kind === "end") && call < before)
}

/** The earliest time at which a session may have run out: no earlier than its idle timeout after an acknowledged access, and its absolute one. */
function mayExpireFrom(session: string, lines: readonly HistoryLine[], failedTouches: readonly FailedTouch[], { idleMs, absoluteMs }: SeedOptions): number {
  const creation = lines.find(({ op, value }) => op === "create" && value.seen?.session === session)
  if (creation === undefined) return 0
  const failed = failedTouches.filter((touch) => touch.session === session)
  const accesses = lines
    .filter(({ op, args, outcome, value }) => args.session === session && outcome === "ok" && value.seen && op !== "list")
    .filter((line) => !failed.some(({ at }) => at >= line.call && at <= returned(line)))
    .map(({ call }) => call)
    .sort((a, b) => a - b)
  let until = creation.call + idleMs * MS
  for (const access of accesses) {
    if (access > until) break
    until = Math.max(until, access + idleMs * MS)
  }
  return Math.min(until, creation.call + absoluteMs * MS) - 2 * MS
}
