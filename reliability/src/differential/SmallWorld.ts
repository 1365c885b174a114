import type { Keyspace } from "../simulation/store/Keyspace.js"
import { readHead } from "../simulation/store/record-head.js"
import { choose, type Random } from "../workloads/random.js"
import { type Call, type Operation, PLAIN_COMMANDS, type Planted, type World } from "./operation.js"
import { RATE_KEYS, RateCalls } from "./rate-calls.js"
import { BODIES, CHANGES, damage, makeRecord, OWNERS, ownMembers, pick, VERIFIERS } from "./records.js"

/** Each as long as scripts expect it. */
const IDS = [
  "one-------------------",
  "two-------------------",
  "three-----------------",
  "four------------------",
  "five------------------",
  "six\u00ff------------------",
] as const
const LISTS = ["list:a", "list:b"] as const
const PREFIX = "{user}:s:"
const HOUR_MS = 3_600_000

/** A few sessions and lists, so that calls meet what others left, and every key can be looked at after each. */
export class SmallWorld implements World {
  readonly keys: readonly string[] = [...IDS.map((id) => PREFIX + id), ...LISTS, ...RATE_KEYS]
  readonly planted: readonly Planted[] = []
  readonly length = 250
  readonly #random: Random
  readonly #store: Keyspace
  readonly #rates: RateCalls

  /** @param store looked at to make calls that fit */
  constructor(random: Random, store: Keyspace) {
    this.#random = random
    this.#store = store
    this.#rates = new RateCalls(random)
  }

  next(): Operation {
    const make = choose<() => Operation>(this.#random, [
      [20, () => this.#create()],
      [8, () => this.#creates()],
      [12, () => this.#update()],
      [8, () => this.#updates()],
      [12, () => this.#rotate()],
      [12, () => this.#touches()],
      [8, () => this.#accesses()],
      [8, () => this.#extend()],
      [12, () => this.#delete()],
      [8, () => this.#deletes()],
      [6, () => this.#heal()],
      [4, () => this.#prune()],
      [6, () => this.#end()],
      [4, () => ({ name: "index-lists", keys: [this.#list()], args: Array.from({ length: this.#random(5) }, () => this.#id()) })],
      [4, () => this.#page()],
      [2, () => ({ name: "index-cutoff", keys: [this.#list()], args: [this.#pick(["1", "2", "1000"])] })],
      [2, () => ({ name: this.#pick(PLAIN_COMMANDS), keys: [this.#session()], args: [] })],
      [12, () => this.#plantRecord()],
      [2, () => this.#plantList()],
      [14, () => this.#rates.take()],
      [10, () => this.#rates.other()],
      [10, () => this.#rates.lease()],
      [2, () => this.#rates.plant()],
    ])
    return make()
  }

  #create(): Call {
    const id = this.#id()
    const isGuest = this.#random(8) === 0
    const first = this.#random(6) !== 0
    const cursor = first ? "" : this.#score()
    const oldest = first || this.#random(2) === 0 ? "" : this.#score()
    const terms = [
      isGuest ? "1" : "2",
      this.#memory(),
      this.#pick(["0", "1", "5", "60000", "86400000", "999999999999"]),
      this.#pick(["0", "1", "500"]),
      this.#pick(["-5", "0", "1", "5", "60000", "2592000000"]),
      this.#pick(["0", "1", "2", "3", "3", "5"]),
      this.#pick(["evict-oldest", "evict-oldest", "reject"]),
      this.#pick(["now", "now", "never", "1790000000000", "0"]),
      this.#random(3) === 0 ? this.#id() : "-",
    ]
    const args = [
      terms.join(" "),
      this.#notAfter(),
      this.#verifier(),
      (this.#random(10) === 0 ? "" : ownMembers(this.#random)) + this.#pick(BODIES),
      cursor,
      this.#pick(["0", "0", "1", "2", "7"]),
      oldest,
      oldest === "" ? "" : this.#score(),
    ]
    return { name: "session-create", keys: isGuest ? [PREFIX + id] : [PREFIX + id, this.#list()], args }
  }

  #creates(): Call {
    const creates = Array.from({ length: 1 + this.#random(3) }, () => this.#create())
    return { name: "session-creates", keys: creates.flatMap(({ keys }) => keys), args: creates.flatMap(({ args }) => args.slice(0, 4)) }
  }

  #update(): Call {
    const session = this.#session()
    const args = [this.#version(session), this.#pick(CHANGES), this.#pick(BODIES), this.#notAfter(), this.#offered(session)]
    return { name: "session-update", keys: [session], args }
  }

  #updates(): Call {
    const updates = Array.from({ length: 1 + this.#random(4) }, () => this.#update())
    const args = updates.flatMap((update) => update.args)
    return { name: "session-updates", keys: updates.flatMap(({ keys }) => keys), args }
  }

  #rotate(): Call {
    const session = this.#session()
    const expected = this.#random(2) === 0 ? "" : this.#version(session)
    const args = [
      this.#verifier(),
      this.#pick(["0", "5", "60000"]),
      this.#pick(["0", "1"]),
      expected,
      expected === "" ? "" : this.#pick(BODIES),
      this.#notAfter(),
      this.#offered(session),
    ]
    return { name: "session-rotate", keys: [session], args }
  }

  #touches(): Call {
    const touched = Array.from({ length: 1 + this.#random(4) }, () => ({ session: this.#session(), list: this.#random(2) === 0 ? [] : [this.#list()] }))
    const offered = touched.map(({ session, list }) => [list.length, ...this.#verifiers(session), ""].join(" "))
    return { name: "session-touches", keys: touched.flatMap(({ session, list }) => [session, ...list]), args: [this.#memory(), ...offered] }
  }

  #accesses(): Call {
    const sessions = Array.from({ length: 1 + this.#random(4) }, () => this.#session())
    return { name: "session-accesses", keys: sessions, args: sessions.map((session) => ["", ...this.#verifiers(session), ""].join(" ")) }
  }

  #extend(): Call {
    const session = this.#session()
    const idle = this.#pick(["", "", "0", "9", "15", "60000", "999999999999"])
    return { name: "session-extend", keys: [session], args: [idle, this.#pick(["0", "1", "60000"]), this.#notAfter(), this.#offered(session)] }
  }

  #delete(): Call {
    const session = this.#session()
    const created = this.#head(session)?.created ?? this.#store.nowMicros
    const newest = this.#pick(["", "", String(created), String(created - 1)])
    const version = this.#random(2) === 0 ? "" : this.#version(session)
    const args = [this.#pick(["", "", ...OWNERS, '"nobody"']), newest, version, this.#offered(session)]
    return { name: "session-delete", keys: [session], args }
  }

  #deletes(): Call {
    const deletions = Array.from({ length: 1 + this.#random(4) }, () => this.#delete())
    return { name: "session-deletes", keys: deletions.flatMap(({ keys }) => keys), args: deletions.flatMap(({ args }) => args) }
  }

  #heal(): Call {
    const keys = Array.from({ length: 1 + this.#random(3) }, () => [this.#list(), this.#session()])
    return { name: "index-heal", keys: keys.flat(), args: [this.#memory()] }
  }

  #prune(): Call {
    const lists = Array.from({ length: 1 + this.#random(3) }, () => [this.#list(), ...Array.from({ length: this.#random(5) }, () => PREFIX + this.#id())])
    return { name: "index-prune", keys: lists.flat(), args: [this.#memory(), ...lists.map(({ length }) => String(length - 1))] }
  }

  #end(): Call {
    const sessions = Array.from({ length: 1 + this.#random(4) }, () => this.#session())
    return { name: "index-end", keys: [this.#list(), ...new Set(sessions)], args: [this.#memory()] }
  }

  #page(): Call {
    const bound = (): string => this.#pick(["-inf", "+inf", this.#score(), `(${this.#score()}`])
    return { name: "index-page", keys: [this.#list()], args: [this.#pick(["REV", "FWD"]), bound(), bound(), this.#pick(["0", "1", "2", "100", "-1"])] }
  }

  #plantRecord(): Planted {
    const now = this.#store.nowMs
    const record = makeRecord(this.#random, now)
    if (this.#random(2) === 0) return { key: this.#session(), contents: damage(this.#random, record) }
    const expiresAt = this.#random(4) === 0 ? undefined : now + this.#pick([30, 60_000, HOUR_MS])
    return { key: this.#session(), contents: { kind: "string", value: record, expiresAt } }
  }

  #plantList(): Planted {
    const key = this.#list()
    if (this.#random(2) === 0) return { key, contents: { kind: "string", value: ownMembers(this.#random), expiresAt: undefined } }
    const now = this.#store.nowMicros
    const scores = [0, -3, 0.5, now - 60_000_000, now - 10_000, now, now + 1_000_000, now + 1_000_000.5, 8e15] as const
    const members = IDS.filter(() => this.#random(2) === 0).map((member) => ({ member, score: pick(this.#random, scores) }))
    const expiresAt = this.#random(2) === 0 ? undefined : this.#store.nowMs + HOUR_MS
    return { key, contents: members.length === 0 ? { kind: "none" } : { kind: "zset", members: members.sort(byScore), expiresAt } }
  }

  #pick<const T extends readonly [unknown, ...unknown[]]>(all: T): T[number] {
    return pick(this.#random, all)
  }

  #id(): string {
    return this.#pick(IDS)
  }

  #session(): string {
    return PREFIX + this.#id()
  }

  #list(): string {
    return this.#pick(LISTS)
  }

  #verifier(): string {
    return this.#pick([...VERIFIERS, "", "short"])
  }

  #head(session: string): (ReturnType<typeof readHead> & object) | undefined {
    const head = readHead(this.#store, session, 4_096)
    return head === false ? undefined : head
  }

  /** Mostly one that the record takes. */
  #verifiers(session: string): readonly string[] {
    const head = this.#head(session)
    const known = [head?.verifier, head?.previous?.verifier].filter((one) => one !== undefined)
    const fitting = known[this.#random(known.length)]
    if (fitting === undefined || this.#random(5) === 0) return VERIFIERS.filter(() => this.#random(3) === 0)
    return this.#random(3) === 0 ? ["short", fitting] : [fitting]
  }

  /** As one argument; none at all is nothing. */
  #offered(session: string): string {
    const verifiers = this.#verifiers(session)
    return verifiers.length === 0 ? "" : ` ${verifiers.join(" ")} `
  }

  /** Mostly the record's own. */
  #version(session: string): string {
    const version = this.#head(session)?.version ?? 1
    return String(version + this.#pick([0, 0, 0, 0, 1, -1]))
  }

  /** Long past, just past, just coming or far away. */
  #notAfter(): string {
    return String(this.#store.nowMicros + this.#pick([1e6, 1e6, 1e6, 1e6, 1e9, 400, 0, -1e6]))
  }

  #memory(): string {
    return this.#pick(["0", "2000", "2500", "120000000"])
  }

  /** Of a member, or of none. */
  #score(): string {
    const scores = LISTS.flatMap((list) => {
      const entry = this.#store.find(list)
      return entry?.type === "zset" ? entry.value.all.map(({ score }) => score) : []
    })
    return String(scores[this.#random(scores.length)] ?? this.#store.nowMicros)
  }
}

function byScore(a: { readonly member: string; readonly score: number }, b: { readonly member: string; readonly score: number }): number {
  return a.score - b.score || (a.member < b.member ? -1 : 1)
}
