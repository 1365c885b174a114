import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { Lifetime } from "../../../domain/records/lifetime.js"
import type { ServerClock } from "../reads/server-clock.js"
import { type Answer, type ScriptOptions, ScriptRunner } from "./ScriptRunner.js"
import {
  recordAdopt,
  recordAdoptStatus,
  recordEnd,
  recordEndStatus,
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

/** One typed call for each script on records. */
export class RecordScripts {
  readonly #runner: ScriptRunner

  /** @param timeoutMs - how long one call may take, its repetition included, in milliseconds */
  constructor(redis: IRedisService, clock: ServerClock, timeoutMs: number) {
    this.#runner = new ScriptRunner(redis, timeoutMs, clock)
  }

  save(
    keys: RecordKeys,
    args: {
      readonly expected: number | null
      readonly operation: string
      readonly notAfterMicros: number
      readonly lifetime: Lifetime
      readonly name: string
      readonly data: string
    },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof recordSaveStatus>> {
    const { expected, operation, notAfterMicros, lifetime, name, data } = args
    const values = [expected ?? "", operation, notAfterMicros, lifetime.ms, lifetime.atLeast ? 1 : 0, name, data]
    return this.#runner.run(recordSave, recordSaveStatus, both(keys), values, options)
  }

  touch({ record }: RecordKeys, lifetimeMs: number, options: ScriptOptions): Promise<Answer<keyof typeof recordTouchStatus>> {
    return this.#runner.run(recordTouch, recordTouchStatus, [record], [lifetimeMs], options)
  }

  /** @param atLeast - the mark stays no shorter than the record would have */
  end(
    keys: RecordKeys,
    { rememberMs, atLeast }: { readonly rememberMs: number; readonly atLeast: boolean },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof recordEndStatus>> {
    return this.#runner.run(recordEnd, recordEndStatus, both(keys), [rememberMs, atLeast ? 1 : 0], options)
  }

  adopt(
    keys: RecordKeys,
    args: { readonly found: string; readonly lifetimeMs: number; readonly text: string },
    options: ScriptOptions,
  ): Promise<Answer<keyof typeof recordAdoptStatus>> {
    return this.#runner.run(recordAdopt, recordAdoptStatus, both(keys), [args.found, args.lifetimeMs, args.text], options)
  }
}

function both({ record, old }: RecordKeys): readonly string[] {
  return old === null ? [record] : [record, old]
}
