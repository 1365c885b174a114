import { SessionError } from "../../../domain/errors.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import { ENDED, type LiveRecord, type RecordWrite, type Saved } from "../../../domain/records/record.js"
import { NO_OPERATIONS } from "../../../domain/session/record.js"
import { CACHE_KEYS_PATTERNS } from "../../../shared/constants.js"
import { ReadBatch } from "../../redis/reads/batch.js"
import { ServerClock } from "../../redis/reads/server-clock.js"
import { type RecordKeys, RecordScripts } from "../../redis/scripts/record-scripts.js"
import { Background } from "../../redis/upkeep/background.js"
import type { StepOptions } from "../CallStep.js"
import type { RecordSettings } from "./record-settings.js"
import type { RecordPlace, RecordSteps } from "./record-steps.js"
import { corruptRecord, decodeRecordText, encodeRecordText, fieldsOf } from "./record-text.js"

/** A save that came too late is sent again with a new time limit, and a take-over that met another writer begins anew, this often at most. */
const TRIES = 3

/** Records on Redis or Valkey: each step is one script, and the server's clock decides. */
export class RedisRecords implements RecordSteps {
  readonly #redis: IRedisService
  readonly #settings: Pick<RecordSettings, "timeoutMs" | "keyPrefix" | "idleMs">
  readonly #oldPrefix: string | null
  readonly #background = new Background()
  readonly #clock: ServerClock
  readonly #scripts: RecordScripts
  readonly #reads: ReadBatch<RecordPlace, LiveRecord | null>

  /**
   * @param oldPrefix - what goes before the keys of connect-redis, whose sessions are taken over; `null`: none are. On a cluster none can be, because
   * the old key and the new one lie in different slots, and no step reaches both.
   */
  constructor(redis: IRedisService, settings: Pick<RecordSettings, "timeoutMs" | "keyPrefix" | "idleMs">, oldPrefix: string | null = null) {
    this.#redis = redis
    this.#settings = settings
    this.#oldPrefix = oldPrefix
    this.#clock = new ServerClock(redis, this.#background)
    this.#scripts = new RecordScripts(redis, this.#clock, settings.timeoutMs)
    this.#reads = new ReadBatch(redis, ({ name }, text) => living(name, text))
  }

  async find(place: RecordPlace, options: StepOptions): Promise<LiveRecord | null> {
    const keys = this.#keys(place)
    const record = await this.#reads.get(place, keys.record, options.signal)
    // Of a session that was ended too, an instance of before the move may have written the old key again, which must not outlast the mark.
    return record === null && keys.old !== null ? this.#adopt(place, keys.old, options) : record
  }

  async save(place: RecordPlace, write: RecordWrite, lifetime: Lifetime, options: StepOptions): Promise<Saved> {
    const { expected, operation, text } = write
    for (let tries = 0; tries < TRIES; tries += 1) {
      const args = {
        expected,
        operation,
        notAfterMicros: await this.#clock.notAfter(this.#settings.timeoutMs * 1000, options),
        lifetime,
        name: place.name,
        data: text,
      }
      const { status, values } = await this.#scripts.save(this.#keys(place), args, options)
      switch (status) {
        case "DONE":
          return { status: "done", record: { version: Number(values[0]), text } }
        case "ENDED":
          return { status: "ended" }
        case "MISSING":
          return { status: "missing" }
        case "REPLAYED":
          return { status: "done", record: savedRecord(place.name, values[0]) }
        case "CLASH":
          return { status: "clash", record: savedRecord(place.name, values[0]) }
        case "CORRUPT":
          throw corruptRecord()
        case "LATE":
          options.signal?.throwIfAborted()
      }
    }
    throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected the server to make the change in time, got a server too slow. Try again.")
  }

  async touch(place: RecordPlace, lifetimeMs: number, options: StepOptions): Promise<boolean> {
    const { status } = await this.#scripts.touch(this.#keys(place), lifetimeMs, options)
    return status === "DONE"
  }

  async end(place: RecordPlace, rememberMs: number, options: StepOptions): Promise<void> {
    await this.#scripts.end(this.#keys(place), rememberMs, options)
  }

  probe(options: StepOptions): Promise<void> {
    return this.#redis.ping(options)
  }

  async release(): Promise<void> {
    await this.#background.settled()
    await this.#redis.close()
  }

  /** Takes over what connect-redis left, if it left anything that is a session. */
  async #adopt(place: RecordPlace, old: string, options: StepOptions): Promise<LiveRecord | null> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const found = await this.#redis.get(old, options)
      // Somebody else may have taken it over between the two reads.
      if (found === null) return this.#taken(place, options)
      if (!isSession(found)) return null
      const record: LiveRecord = { version: 1, operations: NO_OPERATIONS, text: found }
      const args = { found, lifetimeMs: this.#settings.idleMs, text: encodeRecordText(place.name, record) }
      const { status, values } = await this.#scripts.adopt(this.#keys(place), args, options)
      if (status === "DONE") return record
      if (status === "TAKEN") return living(place.name, String(values[0]))
    }
    throw new SessionError(
      "ERR_STORE_UNAVAILABLE",
      "Expected the session of connect-redis to stand still while it was taken over, got other writers. Try again.",
    )
  }

  async #taken(place: RecordPlace, options: StepOptions): Promise<LiveRecord | null> {
    return this.#reads.get(place, this.#keys(place).record, options.signal)
  }

  #keys({ name, id }: RecordPlace): RecordKeys {
    return {
      record: this.#settings.keyPrefix + CACHE_KEYS_PATTERNS.RECORD(name),
      old: this.#oldPrefix === null ? null : this.#oldPrefix + id,
    }
  }
}

function savedRecord(name: string, text: unknown): LiveRecord {
  const record = living(name, String(text))
  if (record === null) throw corruptRecord()
  return record
}

function living(name: string, text: string): LiveRecord | null {
  const stored = decodeRecordText(name, text)
  return stored === ENDED ? null : stored
}

/** Whether a text is a session as connect-redis writes it: a JSON object with a cookie. Anything else is somebody else's, and stays. */
function isSession(text: string): boolean {
  try {
    const { cookie } = fieldsOf(text)
    return typeof cookie === "object" && cookie !== null
  } catch {
    return false
  }
}
