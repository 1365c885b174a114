import type { Clock } from "../../../domain/interfaces/ports.js"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import { ENDED, type LiveRecord, type RecordWrite, type Saved, saveRecord } from "../../../domain/records/record.js"
import { Patrol } from "../Patrol.js"
import { timeOf } from "../time-of.js"
import type { RecordPlace, RecordSteps, WalkedPage, WalkedRecord } from "./record-steps.js"

interface Entry {
  readonly stored: LiveRecord | typeof ENDED
  readonly ends: number
}

/** Records that one step of a walk looks at. */
const PAGE = 500

/** Records in this process's memory. Nothing here waits, so each step is atomic by nature. */
export class MemoryRecords implements RecordSteps {
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #patrol = new Patrol(this.#entries, (name) => void this.#find(name))

  constructor(clock: Clock = Date) {
    this.#clock = clock
  }

  async find({ name }: RecordPlace): Promise<LiveRecord | null> {
    const stored = this.#find(name)
    return stored === ENDED ? null : stored
  }

  async save({ name }: RecordPlace, write: RecordWrite, lifetime: Lifetime): Promise<Saved> {
    this.#patrol.step()
    const { next, saved } = saveRecord(this.#find(name), write)
    if (next !== null) this.#put(name, next, lifetime.atLeast ? Math.max(lifetime.ms, this.#left(name)) : lifetime.ms)
    return saved
  }

  async touch({ name }: RecordPlace, lifetimeMs: number): Promise<boolean> {
    const stored = this.#find(name)
    if (stored === null || stored === ENDED) return false
    this.#put(name, stored, Math.max(lifetimeMs, this.#left(name)))
    return true
  }

  async end({ name }: RecordPlace, rememberMs: number): Promise<void> {
    const stored = this.#find(name)
    if (stored !== null && stored !== ENDED) this.#put(name, ENDED, rememberMs)
  }

  async *walk(): AsyncIterable<WalkedPage> {
    const names = [...this.#entries.keys()]
    for (let from = 0; from < names.length; from += PAGE) {
      const page = names.slice(from, from + PAGE)
      yield { looked: page.length, found: page.flatMap((name) => this.#walked(name)) }
    }
  }

  async probe(): Promise<void> {}

  async release(): Promise<void> {
    this.#entries.clear()
  }

  #put(name: string, stored: Entry["stored"], lifetimeMs: number): void {
    this.#entries.set(name, { stored, ends: timeOf(this.#clock) + lifetimeMs })
  }

  #walked(name: string): readonly WalkedRecord[] {
    const stored = this.#find(name)
    return stored === null || stored === ENDED ? [] : [{ place: { name, id: null }, text: stored.text }]
  }

  #left(name: string): number {
    return (this.#entries.get(name)?.ends ?? 0) - timeOf(this.#clock)
  }

  #find(name: string): Entry["stored"] | null {
    const entry = this.#entries.get(name)
    if (entry === undefined) return null
    if (entry.ends >= timeOf(this.#clock)) return entry.stored
    this.#entries.delete(name)
    return null
  }
}
