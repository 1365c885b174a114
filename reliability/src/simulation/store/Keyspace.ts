import { SortedMembers } from "./SortedMembers.js"

/** What lies under a key. Text is bytes, one character each. `expiresAt`: milliseconds of the server's clock. */
export type Entry =
  | { readonly type: "string"; readonly value: string; readonly expiresAt: number | undefined }
  | { readonly type: "zset"; readonly value: SortedMembers; readonly expiresAt: number | undefined }

/** One key that a command changed. */
export interface Change {
  readonly key: string
  readonly before: Entry | undefined
  readonly after: Entry | undefined
}

const WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value"

/** A small Redis: strings and sorted sets with a time to live, the commands that the scripts use, and a clock that stands still while a command runs. */
export class Keyspace {
  readonly #entries = new Map<string, Entry>()
  #changes: Change[] = []
  /** Microseconds; whoever runs a command sets it before. */
  nowMicros = 0

  get nowMs(): number {
    return Math.floor(this.nowMicros / 1_000)
  }

  /** Keys and what is in them, the dead ones too. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries
  }

  /** What was changed since the last time this was asked: each key once. */
  takeChanges(): readonly Change[] {
    if (this.#changes.length === 0) return []
    const changes = this.#changes
    this.#changes = []
    if (changes.length === 1) return changes
    const byKey = new Map<string, Change>()
    for (const change of changes) byKey.set(change.key, { ...change, before: (byKey.get(change.key) ?? change).before })
    return [...byKey.values()]
  }

  find(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || this.#isDead(entry) ? undefined : entry
  }

  /** Puts back an earlier state of a key, which no command does. */
  restore(key: string, entry: Entry | undefined): void {
    if (entry === undefined) this.#entries.delete(key)
    else this.#entries.set(key, entry)
  }

  get(key: string): string | null {
    return this.#string(key)?.value ?? null
  }

  set(key: string, value: string, ttlMs: number): void {
    this.#put(key, { type: "string", value, expiresAt: this.nowMs + ttlMs })
  }

  /** From byte to byte, both included and counted from 0; a negative end counts from the end. */
  getRange(key: string, from: number, to: number): string {
    const value = this.#string(key)?.value ?? ""
    return to < 0 ? value.slice(from, value.length + to + 1) : value.slice(from, to + 1)
  }

  /** Writes over a part. A key that is not there comes into being, and never dies. */
  setRange(key: string, from: number, text: string): void {
    const entry = this.#string(key)
    const value = (entry?.value ?? "").padEnd(from, "\0")
    this.#put(key, { type: "string", value: value.slice(0, from) + text + value.slice(from + text.length), expiresAt: entry?.expiresAt })
  }

  exists(key: string): boolean {
    return this.find(key) !== undefined
  }

  unlink(key: string): number {
    if (!this.exists(key)) return 0
    this.#put(key, undefined)
    return 1
  }

  pexpire(key: string, ttlMs: number): void {
    this.#expireAt(key, this.nowMs + ttlMs)
  }

  /** `NX`: only where there is no time to live. `GT`: only a later one, which one that never dies has. */
  pexpireAt(key: string, at: number, when: "NX" | "GT"): void {
    const entry = this.find(key)
    if (entry === undefined) return
    const { expiresAt } = entry
    if (when === "NX" ? expiresAt === undefined : expiresAt !== undefined && at > expiresAt) this.#expireAt(key, at)
  }

  members(key: string): SortedMembers {
    const entry = this.find(key)
    if (entry === undefined) return SortedMembers.empty
    if (entry.type !== "zset") throw new Error(WRONG_TYPE)
    return entry.value
  }

  /** @returns how many members were added */
  zadd(key: string, score: number, member: string, onlyNew = false): number {
    const members = this.members(key)
    const known = members.score(member)
    if (known !== undefined && (onlyNew || known === score)) return 0
    this.#put(key, { type: "zset", value: members.with(member, score), expiresAt: this.find(key)?.expiresAt })
    return known === undefined ? 1 : 0
  }

  /** @returns how many members were removed */
  zrem(key: string, gone: readonly string[]): number {
    const members = this.members(key)
    const left = members.without(gone)
    if (left.size === members.size) return 0
    this.#put(key, left.size === 0 ? undefined : { type: "zset", value: left, expiresAt: this.find(key)?.expiresAt })
    return members.size - left.size
  }

  #string(key: string): (Entry & { type: "string" }) | undefined {
    const entry = this.find(key)
    if (entry !== undefined && entry.type !== "string") throw new Error(WRONG_TYPE)
    return entry
  }

  #expireAt(key: string, at: number): void {
    const entry = this.find(key)
    if (entry !== undefined) this.#put(key, at <= this.nowMs ? undefined : { ...entry, expiresAt: at })
  }

  #put(key: string, entry: Entry | undefined): void {
    this.#changes.push({ key, before: this.#entries.get(key), after: entry })
    if (entry === undefined) this.#entries.delete(key)
    else this.#entries.set(key, entry)
  }

  #isDead({ expiresAt }: Entry): boolean {
    return expiresAt !== undefined && this.nowMs > expiresAt
  }
}
