import { SessionError } from "../../../domain/errors.js"
import type { ServerClock } from "../reads/server-clock.js"
import type { Background } from "../upkeep/background.js"
import type { AdoptArgs, EndArgs, RecordCalls, RecordKeys, RecordScripts, SaveArgs } from "./record-scripts.js"
import type { Answer, ScriptOptions } from "./ScriptRunner.js"
import type { recordAdoptStatus, recordEndStatus, recordSaveStatus } from "./scripts.generated.js"

/** No mark is remembered for less than a minute: half of that after its old key was read, a session is taken over no more. */
const LONGEST_WINDOW_MS = 30_000

/** What connect-redis left: the session, and its time to live in milliseconds, -1 without one. */
interface Found {
  readonly text: string
  readonly ttlMs: number
}

/**
 * The same calls on a cluster, where a record and what connect-redis left lie in different slots, and no script reaches both.
 *
 * Each call changes the record first and removes the old key last. A record or a mark goes before the old key, and lasts at least as long when it is made of it, so a
 * process that ends in between leaves nothing that could come back: only an old key that nobody looks at, which the next change removes.
 */
export class SplitRecordScripts implements RecordCalls {
  readonly #split: RecordScripts
  readonly #clock: ServerClock
  readonly #background: Background
  readonly #windowMicros: number

  /** @param timeoutMs - how long one call may take, in milliseconds */
  constructor(scripts: RecordScripts, clock: ServerClock, background: Background, timeoutMs: number) {
    this.#split = scripts
    this.#clock = clock
    this.#background = background
    this.#windowMicros = Math.min(timeoutMs, LONGEST_WINDOW_MS) * 1000
  }

  /** The save is made, whatever becomes of the old key, so nobody waits for that, and its node may be away. */
  async save({ record, old }: RecordKeys, args: SaveArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordSaveStatus>> {
    const answer = await this.#split.save({ record, old: null }, args, options)
    if (old !== null && (answer.status === "DONE" || answer.status === "REPLAYED")) this.#background.run(this.#split.removeOld(old, null, {}))
    return answer
  }

  /**
   * The record is ended at once, also where the old key's node does not answer. Whoever took the session over between that and the look at the old key is
   * reached by the second end, which is left out only where the first has left a mark and there is no old key to outlast.
   */
  async end({ record, old }: RecordKeys, args: EndArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordEndStatus>> {
    if (old === null) return this.#split.end({ record, old }, args, options)
    const first = await this.#split.end({ record, old: null }, args, options)
    const found = await this.#find(old, options)
    if (first.status === "DONE" && found === null) return first
    const last = await this.#split.end({ record, old: null }, args, options, found?.ttlMs ?? null)
    if (found !== null) await this.#remove(old, null, options)
    return first.status === "DONE" ? first : last
  }

  /** The time limit is that of what was read: later, the session may have been taken over by others, ended, and its mark forgotten. */
  async adopt({ record, old }: RecordKeys, args: AdoptArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordAdoptStatus | "LATE">> {
    const notAfterMicros = await this.#clock.notAfter(this.#windowMicros, options)
    const looked = await this.#split.findOld(old ?? "", options)
    const { text, ttlMs } = foundOf(looked.values)
    if (looked.status === "MISSING" || text !== args.found) return { ...looked, status: "CHANGED" }
    const lifetimeMs = ttlMs < 0 ? args.lifetimeMs : Math.max(ttlMs, 1)
    const adopted = await this.#split.adoptApart(record, { notAfterMicros, lifetimeMs, text: args.text }, options)
    if (adopted.status !== "LATE") await this.#remove(old ?? "", text, options)
    return adopted
  }

  async #find(old: string, options: ScriptOptions): Promise<Found | null> {
    const { status, values } = await this.#split.findOld(old, options)
    return status === "FOUND" ? foundOf(values) : null
  }

  /** What the call was for is done: an old key that is still there is removed by the next change. */
  async #remove(old: string, found: string | null, options: ScriptOptions): Promise<void> {
    try {
      await this.#split.removeOld(old, found, options)
    } catch (error) {
      if (!SessionError.is(error)) throw error
    }
  }
}

function foundOf([text, ttlMs]: Answer<string>["values"]): Found {
  return { text: String(text), ttlMs: Number(ttlMs) }
}
