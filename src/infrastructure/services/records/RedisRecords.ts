import { SessionError } from "../../../domain/errors.js"
import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import { ENDED, type LiveRecord, type RecordWrite, type Saved } from "../../../domain/records/record.js"
import { NO_OPERATIONS } from "../../../domain/session/record.js"
import { CACHE_KEYS_PATTERNS } from "../../../shared/constants.js"
import { type RecordEnd, RecordEnds } from "../../redis/failures/record-ends.js"
import { ReplayDeletes } from "../../redis/failures/replay-deletes.js"
import { ReadBatch } from "../../redis/reads/batch.js"
import { ServerClock } from "../../redis/reads/server-clock.js"
import { type RecordCalls, type RecordKeys, RecordScripts } from "../../redis/scripts/record-scripts.js"
import { SplitRecordScripts } from "../../redis/scripts/split-record-scripts.js"
import { Background } from "../../redis/upkeep/background.js"
import type { StepOptions } from "../CallStep.js"
import type { RecordSettings } from "./record-settings.js"
import { placeOf, type RecordPlace, type RecordSteps, type WalkedPage } from "./record-steps.js"
import { corruptRecord, decodeRecordText, encodeRecordText, fieldsOf, MARK } from "./record-text.js"

/** A save that came too late is sent again with a new time limit, and a take-over that met another writer begins anew, this often at most. */
const TRIES = 3
/** Keys that a server looks at for each step of a walk: half a millisecond, in which it serves nobody else. */
const KEYS_PER_STEP = 1_000
/** Sessions that a walk reads together: each may have 1 MiB. */
const READ_TOGETHER = 100
const NAME = /^[\w-]{43}$/

/**
 * Records on Redis or Valkey: each step is one script, and the server's clock decides. On a cluster those that concern what connect-redis left, too, are several, for
 * its key lies in another slot.
 */
export class RedisRecords implements RecordSteps {
  readonly #redis: IRedisService
  readonly #settings: Pick<RecordSettings, "timeoutMs" | "keyPrefix" | "idleMs">
  readonly #oldPrefix: string | null
  readonly #background = new Background()
  readonly #clock: ServerClock
  readonly #scripts: RecordScripts
  /** Those that may concern what connect-redis left, too. */
  readonly #calls: RecordCalls
  readonly #reads: ReadBatch<RecordPlace, LiveRecord | null>
  readonly #replays: ReplayDeletes<RecordEnd>

  /** @param oldPrefix - what goes before the keys of connect-redis, whose sessions are taken over; `null`: none are */
  constructor(redis: IRedisService, settings: Pick<RecordSettings, "timeoutMs" | "keyPrefix" | "idleMs">, oldPrefix: string | null = null) {
    this.#redis = redis
    this.#settings = settings
    this.#oldPrefix = oldPrefix
    this.#clock = new ServerClock(redis, this.#background)
    this.#scripts = new RecordScripts(redis, this.#clock, settings.timeoutMs)
    this.#calls = redis.singleNode ? this.#scripts : new SplitRecordScripts(this.#scripts, this.#clock, this.#background, settings.timeoutMs)
    this.#reads = new ReadBatch(redis, ({ name }, text) => living(name, text))
    this.#replays = new ReplayDeletes({ ends: new RecordEnds(this.#calls), background: this.#background })
    redis.onDisruption(() => this.#replays.disrupted())
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
      const { status, values } = await this.#calls.save(this.#keys(place), args, options)
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
    const keys = this.#keys(place)
    const atLeast = this.#oldPrefix !== null
    const { status, repeated } = await this.#calls.end(keys, { rememberMs, atLeast }, options)
    // Where nothing was there, an end has left no mark, and another session may begin under that id. A first copy whose reply was lost may have ended one.
    if (status === "DONE" || repeated) this.#replays.remember({ keys, atLeast, rememberedUntil: performance.now() + rememberMs })
  }

  async *walk(options: StepOptions): AsyncIterable<WalkedPage> {
    for (let pass = 1; ; pass += 1) {
      const nodes = await this.#redis.nodes()
      // Those of connect-redis first: a mark has to last as long as they would, which only who ends them under both keys knows.
      if (this.#oldPrefix !== null) for (const node of nodes.keys()) yield* this.#walkOld(this.#oldPrefix, node, options)
      for (const node of nodes.keys()) yield* this.#walkRecords(node, options)
      // A key that moves with its slot may leave a node before the walk comes there, for one where it has been. In two passes it is met once.
      if (this.#redis.singleNode || (pass > 1 && String(nodes) === String(await this.#redis.nodes()))) return
    }
  }

  probe(options: StepOptions): Promise<void> {
    return this.#redis.ping(options)
  }

  async release(): Promise<void> {
    this.#replays.stop()
    await this.#background.settled()
    await this.#redis.close()
  }

  async *#walkRecords(node: number, options: StepOptions): AsyncGenerator<WalkedPage> {
    const prefix = this.#settings.keyPrefix + CACHE_KEYS_PATTERNS.RECORD("")
    for await (const { looked, keys } of this.#scan(node, prefix, options)) {
      const names = keys.filter((name) => NAME.test(name))
      const texts = await this.#redis.mget(
        names.map((name) => prefix + name),
        options,
      )
      const found = names.flatMap((name, at) => (texts[at] === MARK ? [] : [{ place: { name, id: null }, text: walkedText(name, texts[at] ?? null) }]))
      yield { looked, found }
    }
  }

  /** Sessions that nobody has taken over yet; without a text, so only to be ended, what an old instance wrote again of one that has a record or a mark. */
  async *#walkOld(prefix: string, node: number, options: StepOptions): AsyncGenerator<WalkedPage> {
    for await (const { looked, keys } of this.#scan(node, prefix, options)) {
      const places = keys.flatMap((id) => placeOf(id) ?? [])
      const texts = await this.#redis.mget(
        places.map(({ id }) => prefix + id),
        options,
      )
      const sessions = places.flatMap((place, at) => (isSession(texts[at] ?? "") ? [{ place, text: texts[at] ?? "" }] : []))
      const records = await this.#redis.mget(
        sessions.map(({ place }) => this.#keys(place).record),
        options,
      )
      yield { looked, found: sessions.map(({ place, text }, at) => ({ place, text: records[at] === null ? text : null })) }
    }
  }

  /** The keys of one node that have a prefix, without it, a few at a time. */
  async *#scan(node: number, prefix: string, options: StepOptions): AsyncGenerator<{ readonly looked: number; readonly keys: readonly string[] }> {
    let cursor = "0"
    do {
      const step = await this.#redis.scan(node, cursor, `${prefix.replace(/[*?[\]\\^]/g, "\\$&")}*`, KEYS_PER_STEP, options)
      cursor = step.cursor
      yield { looked: KEYS_PER_STEP, keys: [] }
      for (let from = 0; from < step.keys.length; from += READ_TOGETHER) {
        yield { looked: 0, keys: step.keys.slice(from, from + READ_TOGETHER).map((key) => key.slice(prefix.length)) }
      }
    } while (cursor !== "0")
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
      const { status, values } = await this.#calls.adopt(this.#keys(place), args, options)
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
      old: this.#oldPrefix === null || id === null ? null : this.#oldPrefix + id,
    }
  }
}

function savedRecord(name: string, text: unknown): LiveRecord {
  const record = living(name, String(text))
  if (record === null) throw corruptRecord()
  return record
}

/** `null`: it can be ended, but not be read. */
function walkedText(name: string, text: string | null): string | null {
  try {
    return text === null ? null : (living(name, text)?.text ?? null)
  } catch {
    return null
  }
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
