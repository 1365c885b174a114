import type { Keyspace } from "../Keyspace.js"
import { luaNumber } from "../record-head.js"
import type { Reply, ScriptFunction } from "../script.js"
import { type Frame, type Marks, RATE_ALGORITHMS, type RateAlgorithm, sixteen } from "./rate-algorithms.js"

/** A record and the rule it is of. */
interface Rule extends Frame {
  readonly key: string
  readonly letter: string
  readonly algorithm: RateAlgorithm
  readonly marks: Marks
  readonly blocked: number
}

function read(keys: Keyspace, key: string, letter: string, capacity: string | undefined, period: string | undefined): Rule {
  const algorithm = RATE_ALGORITHMS[letter]
  if (algorithm === undefined) throw new Error(`Expected the letter of an algorithm, got ${letter}`)
  const text = keys.find(key)?.type === "zset" ? "" : (keys.get(key) ?? "")
  const frame: Frame = { now: keys.nowMicros, capacity: Number(capacity), period: Number(period) }
  const blocked = text.length >= 17 ? (luaNumber(text.slice(1, 17)) ?? 0) : 0
  return { ...frame, key, letter, algorithm, marks: algorithm.settle(text.startsWith(letter) ? text : "", frame), blocked }
}

function judgement(rule: Rule, taken: 0 | 1, cost: number): readonly Reply[] {
  const { algorithm, marks, blocked, now } = rule
  const spans = [Math.max(0, blocked - now), algorithm.wait(marks, rule, cost), algorithm.used(marks, rule), algorithm.ends(marks, rule)]
  return [taken, ...spans]
}

function keep(keys: Keyspace, rule: Rule): void {
  const { key, letter, algorithm, marks, blocked, now } = rule
  const until = Math.max(now + algorithm.ends(marks, rule), blocked)
  if (until <= now) keys.unlink(key)
  else keys.set(key, letter + sixteen(Math.max(0, blocked)) + algorithm.write(marks), Math.ceil(until / 1_000) - keys.nowMs)
}

/** One argument of `rate-take`: what is asked of a record, and whether the same call claims the next. */
function claimOf(text: string) {
  const [, letter = "", capacity, period, cost, shadow, more] = /^(\w) (\d+) (\d+) (\d+) (\d) (\d)$/.exec(text) ?? []
  return { letter, capacity, period, cost: Number(cost), shadow: shadow === "1", more: more === "1" }
}

function denied(keys: Keyspace, rule: Rule, cost: number): readonly Reply[] {
  if (rule.marks.ahead) keep(keys, rule)
  return judgement(rule, 0, cost)
}

export const rateTake: ScriptFunction = (keys, names, args) => {
  const reply: Reply[] = [keys.nowMicros]
  let together: string[] = []
  for (const [at, name] of names.entries()) {
    together.push(name)
    if (claimOf(args[at] ?? "").more) continue
    reply.push(...takeTogether(keys, together, args.slice(at + 1 - together.length, at + 1)))
    together = []
  }
  return reply
}

function takeTogether(keys: Keyspace, names: readonly string[], args: readonly string[]): readonly Reply[] {
  const asked = names.map((name, at) => {
    const { letter, capacity, period, cost, shadow } = claimOf(args[at] ?? "")
    const rule = read(keys, name, letter, capacity, period)
    const fits = rule.blocked <= rule.now && rule.algorithm.wait(rule.marks, rule, cost) === 0
    return { rule, cost, fits, hinders: !fits && !shadow }
  })
  const isFree = !asked.some(({ hinders }) => hinders)
  return asked.flatMap(({ rule, cost, fits }) => {
    if (!isFree || !fits) return denied(keys, rule, cost)
    const after = { ...rule, marks: rule.algorithm.take(rule.marks, rule, cost) }
    keep(keys, after)
    return judgement(after, 1, 1)
  })
}

export const rateLook: ScriptFunction = (keys, [name = ""], [letter = "", capacity, period]) => {
  return [keys.nowMicros, ...judgement(read(keys, name, letter, capacity, period), 0, 1)]
}

export const rateAdjust: ScriptFunction = (keys, [name = ""], [letter = "", capacity, period, units, until = ""]) => {
  const rule = read(keys, name, letter, capacity, period)
  const cost = Number(units)
  const marks = cost > 0 ? rule.algorithm.take(rule.marks, rule, cost) : rule.algorithm.back(rule.marks, rule, -cost, until === "" ? null : Number(until))
  keep(keys, { ...rule, marks })
  return [keys.nowMicros]
}

export const rateBlock: ScriptFunction = (keys, [name = ""], [letter = "", capacity, period, span]) => {
  keep(keys, { ...read(keys, name, letter, capacity, period), blocked: keys.nowMicros + Number(span) })
  return [keys.nowMicros]
}

export const rateLease: ScriptFunction = (keys, [name = ""], [capacity, period, id = "", renew]) => {
  const rule = read(keys, name, "s", capacity, period)
  const isHeld = rule.marks.leases.some((lease) => lease.id === id)
  const hasRoom = isHeld || rule.algorithm.wait(rule.marks, rule, 1) === 0
  if (renew === "1" ? !isHeld : rule.blocked > rule.now || !hasRoom) return [keys.nowMicros, ...denied(keys, rule, 1)]
  const leases = [...rule.marks.leases.filter((lease) => lease.id !== id), { id, ends: rule.now + rule.period }]
  const after = { ...rule, marks: { ...rule.marks, leases } }
  keep(keys, after)
  return [keys.nowMicros, ...judgement(after, 1, 1)]
}

export const rateRelease: ScriptFunction = (keys, [name = ""], [capacity, period, id]) => {
  const rule = read(keys, name, "s", capacity, period)
  keep(keys, { ...rule, marks: { ...rule.marks, leases: rule.marks.leases.filter((lease) => lease.id !== id) } })
  return [keys.nowMicros]
}
