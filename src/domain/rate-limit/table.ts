import { holdLease, releaseLease } from "./leases.js"
import { ALGORITHMS, fits, type Judgement, judge, type LimitRecord, liesAhead, settle } from "./record.js"
import type { Rule } from "./rules.js"

/** Records by their keys. Whoever runs the functions below keeps everybody else away from it meanwhile. */
export interface LimitTable {
  get(key: string): LimitRecord | null
  /** @param endsAt when the record may be forgotten, in microseconds */
  put(key: string, record: LimitRecord, endsAt: number): void
  drop(key: string): void
}

/** Units of one rule that one subject asks for. */
export interface Claim {
  readonly key: string
  readonly rule: Rule
  readonly cost: number
}

/** Takes all claims, or none. A rule in shadow mode hinders none, and takes only what fits. The keys differ. */
export function takeAll(table: LimitTable, claims: readonly Claim[], now: number): readonly Judgement[] {
  const looked = lookAt(table, claims, now)
  if (!looked.every(({ rule, judgement }) => rule.shadow || fits(judgement))) return looked.map((one) => denied(table, one))
  return looked.map((one) => {
    const { key, rule, cost, record, judgement } = one
    return fits(judgement) ? asTaken(changed(table, key, rule, record, cost, now)) : denied(table, one)
  })
}

/** What one unit would be answered. */
export function look(table: LimitTable, key: string, rule: Rule, now: number): Judgement {
  return judge(settle(table.get(key), rule, now), rule, now, 1)
}

/** Takes units whatever is left, or gives them back where they are negative. @param until when they cease to count; `null`: not known */
export function adjust(table: LimitTable, { key, rule, cost }: Claim, until: number | null, now: number): void {
  changed(table, key, rule, settle(table.get(key), rule, now), cost, now, until)
}

export function block(table: LimitTable, key: string, rule: Rule, span: number, now: number): void {
  keep(table, key, rule, { ...settle(table.get(key), rule, now), blockedUntil: now + span }, now)
}

/** Begins a lease, or renews the holder's own. `onlyRenew`: not where it has ended. */
export function hold(table: LimitTable, key: string, rule: Rule, id: string, onlyRenew: boolean, now: number): Judgement {
  const found = table.get(key)
  const record = settle(found, rule, now)
  const judgement = judge(record, rule, now, 1, id)
  const isHeld = record.leases.some((lease) => lease.id === id)
  if (onlyRenew ? !isHeld : !fits(judgement)) return denied(table, { key, rule, found, record, judgement })
  const leases = holdLease(record.leases, rule.limit, now, id)
  return asTaken(keep(table, key, rule, { ...record, leases }, now))
}

export function release(table: LimitTable, key: string, rule: Rule, id: string, now: number): void {
  const record = settle(table.get(key), rule, now)
  keep(table, key, rule, { ...record, leases: releaseLease(record.leases, id) }, now)
}

interface Looked extends Omit<Claim, "cost"> {
  /** The record that is kept, and as it counts now. */
  readonly found: LimitRecord | null
  readonly record: LimitRecord
  readonly judgement: Judgement
}

function lookAt(table: LimitTable, claims: readonly Claim[], now: number): readonly (Looked & Claim)[] {
  return claims.map((claim) => {
    const found = table.get(claim.key)
    const { key, rule, cost } = claim
    const record = settle(found, rule, now)
    return { key, rule, cost, found, record, judgement: judge(record, rule, now, cost) }
  })
}

function asTaken({ at, blockedFor, wait, used, ends }: Judgement): Judgement {
  return { at, taken: true, blockedFor, wait, used, ends }
}

/** Takes nothing. But what lies ahead is put down as it counts now: else each call would find it taken just now, until the clock has come so far again. */
function denied(table: LimitTable, { key, rule, found, record, judgement }: Looked): Judgement {
  if (liesAhead(found, rule, judgement)) keep(table, key, rule, record, judgement.at)
  return judgement
}

function changed(table: LimitTable, key: string, rule: Rule, record: LimitRecord, cost: number, now: number, until: number | null = null): Judgement {
  if (rule.algorithm === "concurrency") return keep(table, key, rule, record, now)
  const { take, giveBack } = ALGORITHMS[rule.algorithm]
  const marks = cost > 0 ? take(record.marks, rule.limit, now, cost) : giveBack(record.marks, rule.limit, now, -cost, until)
  return keep(table, key, rule, { algorithm: record.algorithm, blockedUntil: record.blockedUntil, marks, leases: record.leases }, now)
}

function keep(table: LimitTable, key: string, rule: Rule, record: LimitRecord, now: number): Judgement {
  const judgement = judge(record, rule, now, 1)
  const endsAt = now + Math.max(judgement.ends, judgement.blockedFor)
  if (endsAt > now) table.put(key, record, endsAt)
  else table.drop(key)
  return judgement
}
