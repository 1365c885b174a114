import type { ISessionService } from "coatcheck"
import type { StoreHealth } from "../http/store-health.js"

/** What the routes are made of. */
export interface RouteDependencies {
  readonly sessions: ISessionService & { ping(): Promise<void> }
  readonly health: Pick<StoreHealth, "problems">
  /** Bytes. */
  readonly bodyLimit: number
}
