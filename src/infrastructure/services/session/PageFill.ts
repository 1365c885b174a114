import type { SessionRecord } from "../../../domain/session/record.js"
import type { Handle } from "../../../domain/session/ticket.js"
import type { Page, Position } from "./session-steps.js"

/** Steps in which a store looks for the sessions of one page. */
const STEPS = 10
/** Members of a user's list in one step: so many that ended sessions are soon passed by, so few that not much is read for nothing. */
const MOST_IN_STEP = 500

/** How many members of a user's list each step of a page looks at: first what a list without ended sessions needs, then four times as many each. */
export function* stepSizes(limit: number): Generator<number> {
  for (let step = 0, size = limit + 1; step < STEPS; step += 1, size = Math.min(4 * size, MOST_IN_STEP)) yield size
}

/** Collects one page of a user's sessions, the newest first, and finds out whether another one follows. Pending sessions have no place in it. */
export class PageFill {
  readonly #limit: number
  readonly #records: SessionRecord[] = []
  readonly #unreadable: Handle[] = []
  #position: Position | null
  #last: Position | null
  #isFull = false

  /** @param after - where the page begins */
  constructor(limit: number, after: Position | null) {
    this.#limit = limit
    this.#position = after
    this.#last = after
  }

  /** The last member that was looked at. */
  get position(): Position | null {
    return this.#position
  }

  /** Whether the page holds as many sessions as it may, and another one follows. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Passes by a member without a session. */
  pass(position: Position): void {
    this.#position = position
  }

  /** Takes the next session, unless the page is full. @param record - `null` where it cannot be read */
  add(handle: Handle, createdMicros: number, record: SessionRecord | null): void {
    this.#position = { createdMicros, id: handle.id }
    if (record !== null && record.fixed.userId === null) return
    if (this.#records.length + this.#unreadable.length === this.#limit) {
      this.#isFull = true
      return
    }
    this.#last = this.#position
    if (record === null) this.#unreadable.push(handle)
    else this.#records.push(record)
  }

  /** @param isEnd - whether nothing follows that was not looked at */
  page(isEnd: boolean): Page {
    const next = this.#isFull ? this.#last : isEnd ? null : this.#position
    return { records: this.#records, unreadable: this.#unreadable, next }
  }
}
