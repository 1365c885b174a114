import type { ISessionService } from "coatcheck"
import type { IRateLimitingService } from "coatcheck/rate-limit"
import type { Metrics } from "../http/metrics.js"
import type { StoreHealth } from "../http/store-health.js"

/** What the routes are made of. */
export interface RouteDependencies {
  readonly sessions: ISessionService & { ping(): Promise<void> }
  readonly limits: IRateLimitingService
  readonly health: Pick<StoreHealth, "problems">
  readonly metrics: Pick<Metrics, "text" | "contentType">
  /** Bytes. */
  readonly bodyLimit: number
}
