import type { RecordCalls, RecordKeys } from "../scripts/record-scripts.js"
import { isAcknowledged, type Repeatable } from "./replay-deletes.js"

/** One session of a drop-in store that was ended. */
export interface RecordEnd {
  readonly keys: RecordKeys
  /** See `record-end`. */
  readonly atLeast: boolean
  /** Until when it is remembered that it was ended, by `performance.now()`. */
  readonly rememberedUntil: number
}

/** Ends sent together: others are served in between. */
const PAGE = 100

/**
 * Ends sessions of drop-in stores again: each with a mark for what is left of its time. An id that a library makes anew after that names another session, so no end is
 * repeated later.
 */
export class RecordEnds implements Repeatable<RecordEnd> {
  readonly #scripts: Pick<RecordCalls, "end">

  constructor(scripts: Pick<RecordCalls, "end">) {
    this.#scripts = scripts
  }

  nameOf({ keys }: RecordEnd): string {
    return keys.record
  }

  async repeat(ends: readonly RecordEnd[], isStopped: () => boolean): Promise<boolean> {
    let isWhole = true
    for (let from = 0; from < ends.length; from += PAGE) {
      if (isStopped()) return false
      const ended = await Promise.all(ends.slice(from, from + PAGE).map((end) => isAcknowledged(this.#repeat(end))))
      isWhole = ended.every((one) => one) && isWhole
    }
    return isWhole
  }

  async #repeat({ keys, atLeast, rememberedUntil }: RecordEnd): Promise<void> {
    const rememberMs = Math.floor(rememberedUntil - performance.now())
    if (rememberMs >= 1) await this.#scripts.end(keys, { rememberMs, atLeast }, {})
  }
}
