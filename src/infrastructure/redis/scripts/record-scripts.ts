import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import type { ServerClock } from "../reads/server-clock.js"
import { type Answer, type ScriptOptions, ScriptRunner } from "./ScriptRunner.js"
import {
  recordAdopt,
  recordAdoptApart,
  recordAdoptApartStatus,
  recordAdoptStatus,
  recordEnd,
  recordEndStatus,
  recordOld,
  recordOldRemove,
  recordOldRemoveStatus,
  recordOldStatus,
  recordSave,
  recordSaveStatus,
  recordTouch,
  recordTouchStatus,
} from "./scripts.generated.js"

/** The keys of one session: its record, and where connect-redis may have kept it. */
export interface RecordKeys {
  readonly record: string
  readonly old: string | null
}

/** One save. */
export interface SaveArgs {
  readonly expected: number | null
  readonly operation: string
  readonly notAfterMicros: number
  readonly lifetime: Lifetime
  readonly name: string
  readonly data: string
}

/** One end. */
export interface EndArgs {
  readonly rememberMs: number
  /** The mark stays no shorter than the record would have. */
  readonly atLeast: boolean
}

/** The take-over of what connect-redis left. */
export interface AdoptArgs {
  readonly found: string
  /** For a session that has no end of its own. */
  readonly lifetimeMs: number
  readonly text: string
}

/** Changes of records, and of what connect-redis left, as far as both of a session's keys are known. */
export interface RecordCalls {
  save(keys: RecordKeys, args: SaveArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordSaveStatus>>
  end(keys: RecordKeys, args: EndArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordEndStatus>>
  adopt(keys: RecordKeys, args: AdoptArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordAdoptStatus | "LATE">>
}

/** One typed call for each script on records. */
export class RecordScripts implements RecordCalls {
  readonly #runner: ScriptRunner

  /** @param timeoutMs - how long one call may take, its repetition included, in milliseconds */
  constructor(redis: IRedisService, clock: ServerClock, timeoutMs: number) {
    this.#runner = new ScriptRunner(redis, timeoutMs, clock)
  }

  save(keys: RecordKeys, args: SaveArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordSaveStatus>> {
    const { expected, operation, notAfterMicros, lifetime, name, data } = args
    const values = [expected ?? "", operation, notAfterMicros, lifetime.ms, lifetime.atLeast ? 1 : 0, name, data]
    return this.#runner.run(recordSave, recordSaveStatus, both(keys), values, options)
  }

  touch({ record }: RecordKeys, lifetimeMs: number, options: ScriptOptions): Promise<Answer<keyof typeof recordTouchStatus>> {
    return this.#runner.run(recordTouch, recordTouchStatus, [record], [lifetimeMs], options)
  }

  /** @param apartMs - how long a session of connect-redis in another slot would last, -1: for ever; `null`: there is none */
  end(
    keys: RecordKeys,
    { rememberMs, atLeast }: EndArgs,
    options: ScriptOptions,
    apartMs: number | null = null,
  ): Promise<Answer<keyof typeof recordEndStatus>> {
    return this.#runner.run(recordEnd, recordEndStatus, both(keys), [rememberMs, atLeast ? 1 : 0, apartMs ?? ""], options)
  }

  adopt(keys: RecordKeys, args: AdoptArgs, options: ScriptOptions): Promise<Answer<keyof typeof recordAdoptStatus>> {
    return this.#runner.run(recordAdopt, recordAdoptStatus, both(keys), [args.found, args.lifetimeMs, args.text], options)
  }

  adoptApart(
    record: string,
    args: { readonly notAfterMicros: number; readonly lifetimeMs: number; readonly text: string },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof recordAdoptApartStatus>> {
    return this.#runner.run(recordAdoptApart, recordAdoptApartStatus, [record], [args.notAfterMicros, args.lifetimeMs, args.text], options)
  }

  /** What connect-redis left under a key, with its time to live in milliseconds. */
  findOld(old: string, options: ScriptOptions): Promise<Answer<keyof typeof recordOldStatus>> {
    return this.#runner.run(recordOld, recordOldStatus, [old], [], options)
  }

  /** @param found - what must lie there; `null`: any session */
  removeOld(old: string, found: string | null, options: ScriptOptions): Promise<Answer<keyof typeof recordOldRemoveStatus>> {
    return this.#runner.run(recordOldRemove, recordOldRemoveStatus, [old], [found ?? ""], options)
  }
}

function both({ record, old }: RecordKeys): readonly string[] {
  return old === null ? [record] : [record, old]
}
