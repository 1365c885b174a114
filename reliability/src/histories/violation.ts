/** Which rule was broken, by its number in docs/reliability.md; `search`, `user search`: no order of the operations explains the answers. */
export type Rule = "V1" | "V2" | "V3" | "V4" | "V5" | "V6" | "V7" | "V8" | "search" | "user search"

export interface Violation {
  readonly rule: Rule
  /** The session, or the user where a list or the limit is concerned. */
  readonly subject: string
  readonly what: string
}
