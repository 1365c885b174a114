import type { ClientName } from "../targets/targets.js"

/** What counts, each in a process of its own. */
export type LimitLibrary = "raw" | "coatcheck" | "coatcheck at an address" | "rate-limiter-flexible" | "rate-limiter-flexible in memory" | "rate-limit-redis"

export interface LimitSettings {
  readonly library: LimitLibrary
  readonly client: ClientName
  readonly url: string
  /** How many there are. */
  readonly keys: number
}
