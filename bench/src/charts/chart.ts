import type { Svg } from "./svg.js"

/** A picture that stands beside the tables. */
export interface Chart {
  /** Of its file, without the ending. */
  readonly name: string
  readonly title: string
  readonly svg: Svg
}
