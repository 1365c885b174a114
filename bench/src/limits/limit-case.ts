import type { Work } from "../rounds/slice.js"
import type { TargetId } from "../targets/targets.js"

/** One row: decisions of one kind. */
export interface LimitCase {
  readonly name: string
  readonly work: Work
  /** Brings the keys into the state that the row is about. */
  readonly prepare?: () => Promise<void>
  /** Wanted of its share of the baseline with 64 in flight. */
  readonly target?: TargetId | undefined
  /** The name says that the store is asked: what the process answers by itself would be another row. */
  readonly asksStore?: boolean
}
