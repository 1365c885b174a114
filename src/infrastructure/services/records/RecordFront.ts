import { SessionError, withOutcome } from "../../../domain/errors.js"
import type { IRecordStore, SaveRecord, Seen } from "../../../domain/interfaces/records/IRecordStore.js"
import type { Fields } from "../../../domain/records/merge-fields.js"
import { wasApplied } from "../../../domain/records/record.js"
import { expected } from "../../../shared/assertions.js"
import type { CallStep } from "../CallStep.js"
import { ServiceCalls } from "../ServiceCalls.js"
import { newOperationId } from "../session/randomness.js"
import { backOff, UpdateQueue } from "../session/update-queue.js"
import { OwnSave } from "./OwnSave.js"
import type { RecordSettings } from "./record-settings.js"
import { MAX_ID_LENGTH, placeOf, type RecordPlace, type RecordSteps, type WalkedRecord } from "./record-steps.js"
import { fieldsOf } from "./record-text.js"

/** UTF-8 bytes of one session. */
const MAX_BYTES = 1_048_576
/** Ends sent together. */
const ENDED_TOGETHER = 100

/** How far a walk over all sessions goes. */
export interface WalkBounds {
  /** Sessions that are given out together: each may have 1 MiB. */
  readonly listed: number
  /** Sessions that are counted, or ended, by one call. */
  readonly counted: number
  /** Keys or rows that one call looks at, marks among them; on a single Redis also whatever else lies in the database. */
  readonly keys: number
}

const WALK_BOUNDS: WalkBounds = { listed: 10_000, counted: 100_000, keys: 1_000_000 }

/** What every record store has in common: checks, names, deadlines, and the loop that merges saves. A provider adds the atomic steps on its store. */
export class RecordFront implements IRecordStore {
  readonly #steps: RecordSteps
  readonly #settings: Pick<RecordSettings, "timeoutMs" | "rememberMs">
  readonly #calls: ServiceCalls
  readonly #queue = new UpdateQueue()
  readonly #bounds: WalkBounds
  /** Aborted by `close()`: a walk stops at its next step. */
  readonly #ending = new AbortController()

  constructor(steps: RecordSteps, settings: Pick<RecordSettings, "timeoutMs" | "rememberMs">, bounds: WalkBounds = WALK_BOUNDS) {
    this.#steps = steps
    this.#bounds = bounds
    this.#settings = settings
    this.#calls = new ServiceCalls("session store", settings.timeoutMs)
  }

  async read(seen: Seen, useOf?: (fields: Fields) => SaveRecord | null): Promise<Record<string, unknown> | null> {
    const beganAt = performance.now()
    const place = placeOf(seen.id)
    const fields = await this.#calls.run(undefined, (step) => this.#find(place, seen, step), false, beganAt)
    const use = fields === null || useOf === undefined ? null : useOf(fields)
    if (place === null || use === null || (await this.#isUsed(place, seen, use, beganAt))) return fields
    seen.record = null
    return null
  }

  save(seen: Seen, save: SaveRecord): Promise<void> {
    return this.#calls.run(undefined, async (step) => {
      const place = placeOf(seen.id) ?? refuseId(seen.id)
      const own = new OwnSave(seen, save)
      if (own.lifetime(seen.record).ms === 0) return this.#steps.end(place, this.#settings.rememberMs, step.change())
      assertSize(save.text)
      // Saves of one session follow each other within this process, so that two of one request do not take each other for somebody else's.
      await this.#queue.run(place.name, () => this.#merge(place, seen, own, step), step.options.signal)
    })
  }

  touch(seen: Seen, use: SaveRecord): Promise<void> {
    return this.#calls.run(undefined, async (step) => {
      const place = placeOf(seen.id)
      if (place === null) return
      const { ms } = new OwnSave(seen, use).lifetime(seen.record)
      if (ms === 0) return this.#steps.end(place, this.#settings.rememberMs, step.change())
      await this.#steps.touch(place, ms, step.change())
    })
  }

  end(id: string): Promise<void> {
    return this.#calls.signOut(undefined, async (step) => {
      const place = placeOf(id)
      if (place !== null) await this.#steps.end(place, this.#settings.rememberMs, step.change())
    })
  }

  all(): Promise<readonly Record<string, unknown>[]> {
    return this.#calls.runUnbounded(undefined, async () => {
      const sessions = new Map<string, Record<string, unknown>>()
      for await (const { place, text } of this.#walk("not-applied")) {
        const fields = text === null ? null : readable(text)
        if (fields !== null) sessions.set(place.name, fields)
        if (sessions.size > this.#bounds.listed)
          throw tooMany(this.#bounds.listed, "length() counts more, and a list of whose they are belongs in your database")
      }
      return [...sessions.values()]
    })
  }

  count(): Promise<number> {
    return this.#calls.runUnbounded(undefined, async () => {
      const names = new Set<string>()
      for await (const { place, text } of this.#walk("not-applied")) {
        if (text !== null) names.add(place.name)
        if (names.size > this.#bounds.counted) throw tooMany(this.#bounds.counted, "Count them where your application signs people in")
      }
      return names.size
    })
  }

  clear(): Promise<void> {
    return this.#calls.runUnbounded(
      undefined,
      async () => {
        let ended = 0
        let due: RecordPlace[] = []
        for await (const { place } of this.#walk("unknown")) {
          if (ended + due.length === this.#bounds.counted) {
            await this.#endAll(due)
            throw tooMany(this.#bounds.counted, "These were ended: call clear() again for the others", "unknown")
          }
          due.push(place)
          if (due.length < ENDED_TOGETHER) continue
          await this.#endAll(due)
          ended += due.length
          due = []
        }
        await this.#endAll(due)
      },
      true,
    )
  }

  ping(): Promise<void> {
    return this.#calls.run(undefined, (step) => this.#steps.probe(step.options))
  }

  close(): Promise<void> {
    this.#ending.abort()
    return this.#calls.close(() => this.#steps.release())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** @param outcome - what is known of the call when the walk cannot go on */
  async *#walk(outcome: "not-applied" | "unknown"): AsyncGenerator<WalkedRecord> {
    let looked = 0
    for await (const page of this.#steps.walk({})) {
      if (this.#ending.signal.aborted)
        throw new SessionError("ERR_CLOSED", "The session store was closed before all sessions were found. Make a new one, and call again.", { outcome })
      looked += page.looked
      if (looked > this.#bounds.keys) throw tooManyKeys(this.#bounds.keys, outcome)
      yield* page.found
    }
  }

  /** All of them are tried before an error is told. */
  async #endAll(places: readonly RecordPlace[]): Promise<void> {
    const ends = await Promise.allSettled(places.map((place) => this.#steps.end(place, this.#settings.rememberMs, {})))
    // Others may have been ended before.
    for (const end of ends) if (end.status === "rejected") throw withOutcome(end.reason, "unknown")
  }

  async #find(place: RecordPlace | null, seen: Seen, step: CallStep): Promise<Record<string, unknown> | null> {
    // No library of sessions makes such an id, so nobody can have opened one under it.
    if (place === null) return null
    seen.readAt = Date.now()
    const found = await this.#steps.find(place, step.reading)
    seen.unsure = []
    seen.record = found === null ? null : { version: found.version, known: found.text, stored: found.text }
    return found === null ? null : fieldsOf(found.text)
  }

  /**
   * Writes a read's use down, within the read's own time. Nobody is kept out because that cannot be done: the session is as it was read.
   *
   * @returns whether the session is not known to be over
   */
  async #isUsed(place: RecordPlace, seen: Seen, use: SaveRecord, beganAt: number): Promise<boolean> {
    const { ms } = new OwnSave(seen, use).lifetime(seen.record)
    try {
      return await this.#calls.run(undefined, (step) => this.#steps.touch(place, ms, step.change()), false, beganAt)
    } catch (error) {
      if (SessionError.is(error)) return true
      throw error
    }
  }

  /** Merges and writes until no other save came between. */
  async #merge(place: RecordPlace, seen: Seen, own: OwnSave, step: CallStep): Promise<void> {
    const operation = newOperationId()
    const { text: mine } = own
    let { record, unsure = [] } = seen
    seen.unsure = [{ operation, text: mine }, ...unsure]
    for (let attempt = 1; ; attempt += 1) {
      const { text, lifetime } = own.upon(record)
      // Somebody else's newer save stands, and this one has nothing to add to it but its own use of the session. What it would change is held against what is stored
      // now, not against what was when it last looked.
      if (record !== null && text === record.stored && text !== mine && (attempt > 1 || own.saysNothingNew(record))) {
        seen.record = { ...record, known: mine }
        seen.unsure = []
        await this.#steps.touch(place, lifetime.ms, step.change())
        return
      }
      const saved = await this.#steps.save(place, { expected: record?.version ?? null, operation, text }, lifetime, step.change())
      switch (saved.status) {
        case "done":
          seen.record = { version: saved.record.version, known: mine, stored: saved.record.text }
          seen.unsure = []
          return
        case "ended":
        case "missing":
          step.unchanged()
          if (own.saysNothingNew(seen.record)) return
          throw new SessionError("ERR_SESSION_ENDED", "Expected the session to last until it was saved, got one that was ended or ran out meanwhile.")
        case "clash": {
          step.unchanged()
          // Only who has seen a version clashes with another. It may be the holder's own, whose answer was lost.
          const sent = unsure.find(({ operation }) => wasApplied(saved.record, operation))
          if (sent !== undefined) unsure = []
          record = { version: saved.record.version, known: sent?.text ?? record?.known ?? saved.record.text, stored: saved.record.text }
          if (attempt > 1) await backOff(attempt)
        }
      }
    }
  }
}

function readable(text: string): Record<string, unknown> | null {
  try {
    return fieldsOf(text)
  } catch {
    return null
  }
}

function tooMany(most: number, remedy: string, outcome: "not-applied" | "unknown" = "not-applied"): SessionError {
  return new SessionError("ERR_SESSION_LIMIT", `Expected at most ${most} sessions, got more. ${remedy}.`, { outcome })
}

function tooManyKeys(most: number, outcome: "not-applied" | "unknown"): SessionError {
  return new SessionError(
    "ERR_SESSION_LIMIT",
    `Expected at most ${most} keys to look through for sessions, got more. Keep sessions in a database of their own; to sign everybody out, change the secret.`,
    { outcome },
  )
}

function refuseId(id: unknown): never {
  throw expected("the session's id", `text of 1 to ${MAX_ID_LENGTH} characters`, id)
}

function assertSize(text: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_BYTES) throw new SessionError("ERR_SESSION_TOO_LARGE", `Expected a session of at most ${MAX_BYTES} bytes as JSON, got ${bytes}.`)
}
