import type { Clock } from "../../../domain/interfaces/ports.js"
import type { Judgement, LimitRecord } from "../../../domain/rate-limit/record.js"
import type { Rule } from "../../../domain/rate-limit/rules.js"
import * as table from "../../../domain/rate-limit/table.js"
import { Patrol } from "../Patrol.js"
import { timeOf } from "../time-of.js"
import { localKey } from "./local-key.js"
import type { Adjustment, Place, PlacedClaim, RateLimitStore } from "./rate-limit-store.js"

interface Entry {
  readonly record: LimitRecord
  readonly endsAt: number
}

/** Rules of subjects that a process keeps at most; about 30 MB with short records. */
const MOST_ENTRIES = 100_000
/** Stands for every subject that finds no room: they share one count, so that a flood of subjects cannot have what few could not. */
const NO_ROOM = "overflow"
/** Microseconds. */
const BETWEEN_SWEEPS = 1_000_000

/**
 * Rate limits in this process's memory: for tests, for one process, and for others while their store is away. Nothing here waits, so each step is atomic by nature.
 *
 * A subject that is not known and finds no room shares one count with all of its kind: what it takes, a penalty, and a block are theirs together, and its status is that of
 * the shared count. As nobody knows who took what of it, nothing is given back of it and no reset empties it. When there is room again the subject gets a count of its
 * own, so at each such change it may have its limit once more. A lease is renewed and released where it was made.
 */
export class MemoryRateLimits implements RateLimitStore {
  readonly #clock: Clock
  readonly #mostEntries: number
  readonly #entries = new Map<string, Entry>()
  readonly #patrol = new Patrol(this.#entries, (key, entry) => this.#dropIfOver(key, entry))
  #sweepAgainAt = 0
  readonly #table: table.LimitTable = {
    get: (key) => this.#entries.get(key)?.record ?? null,
    put: (key, record, endsAt) => void this.#entries.set(key, { record, endsAt }),
    drop: (key) => void this.#entries.delete(key),
  }

  constructor(clock: Clock, mostEntries: number = MOST_ENTRIES) {
    this.#clock = clock
    this.#mostEntries = mostEntries
  }

  async take(claims: readonly PlacedClaim[]): Promise<readonly Judgement[]> {
    return this.takeAtOnce(claims)
  }

  takeAtOnce(claims: readonly PlacedClaim[]): readonly Judgement[] {
    this.#patrol.step(claims.length)
    const placed = claims.map((claim): table.Claim => ({ key: this.#key(claim), rule: claim.rule, cost: claim.cost }))
    return placed.length === 1 || new Set(placed.map(({ key }) => key)).size === placed.length
      ? table.takeAll(this.#table, placed, this.#now())
      : this.#takeMerged(placed)
  }

  /** Claims of one rule whose subjects find no room are one claim. */
  #takeMerged(placed: readonly table.Claim[]): readonly Judgement[] {
    const byKey = merged(placed)
    const judgements = table.takeAll(this.#table, [...byKey.values()], this.#now())
    const judged = new Map([...byKey.keys()].map((key, at) => [key, judgements[at]]))
    return placed.map(({ key }) => judged.get(key)).filter((one) => one !== undefined)
  }

  async look(place: Place): Promise<Judgement> {
    return table.look(this.#table, this.#key(place), place.rule, this.#now())
  }

  async adjust(adjustments: readonly Adjustment[]): Promise<void> {
    this.#patrol.step(adjustments.length)
    for (const { rule, cost, until, subject } of adjustments) {
      const key = this.#key({ subject, rule })
      if (cost > 0 || key !== sharedKey(rule)) table.adjust(this.#table, { key, rule, cost }, until, this.#now())
    }
  }

  async block(place: Place, spanMicros: number): Promise<void> {
    this.#patrol.step()
    table.block(this.#table, this.#key(place), place.rule, spanMicros, this.#now())
  }

  async reset(place: Place): Promise<void> {
    this.#entries.delete(localKey(place))
  }

  async hold(place: Place, id: string, onlyRenew: boolean): Promise<Judgement> {
    this.#patrol.step()
    return table.hold(this.#table, this.#keyOfLease(place, id), place.rule, id, onlyRenew, this.#now())
  }

  async release(place: Place, id: string): Promise<void> {
    table.release(this.#table, this.#keyOfLease(place, id), place.rule, id, this.#now())
  }

  async close(): Promise<void> {
    this.#entries.clear()
  }

  #now(): number {
    return Math.floor(timeOf(this.#clock) * 1_000)
  }

  #key(place: Place): string {
    const key = localKey(place)
    if (this.#entries.has(key) || this.#hasRoom()) return key
    return sharedKey(place.rule)
  }

  /** Where the lease was made, and that of a new one where it may be. */
  #keyOfLease(place: Place, id: string): string {
    const known = [localKey(place), sharedKey(place.rule)].find((key) => this.#table.get(key)?.leases.some((lease) => lease.id === id))
    return known ?? this.#key(place)
  }

  #hasRoom(): boolean {
    if (this.#entries.size >= this.#mostEntries) this.#sweep()
    return this.#entries.size < this.#mostEntries
  }

  /** Goes through all, so not for each call of a flood. */
  #sweep(): void {
    const now = this.#now()
    if (now < this.#sweepAgainAt) return
    this.#sweepAgainAt = now + BETWEEN_SWEEPS
    for (const [key, entry] of this.#entries) this.#dropIfOver(key, entry)
  }

  #dropIfOver(key: string, { endsAt }: Entry): void {
    if (endsAt <= this.#now()) this.#entries.delete(key)
  }
}

function sharedKey(rule: Rule): string {
  return localKey({ subject: NO_ROOM, rule })
}

function merged(claims: readonly table.Claim[]): ReadonlyMap<string, table.Claim> {
  const byKey = new Map<string, table.Claim>()
  for (const claim of claims) {
    const cost = claim.cost + (byKey.get(claim.key)?.cost ?? 0)
    byKey.set(claim.key, { ...claim, cost: Math.min(claim.rule.limit.capacity, cost) })
  }
  return byKey
}
