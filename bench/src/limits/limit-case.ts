import type { Row } from "../rounds/questions.js"
import type { TargetId } from "../targets/targets.js"

/** One row: decisions of one kind. */
export interface LimitCase extends Row {
  /** Wanted of its share of the baseline with 64 in flight. */
  readonly target?: TargetId | undefined
  /** The name says that the store is asked: what the process answers by itself would be another row. */
  readonly asksStore?: boolean
}
