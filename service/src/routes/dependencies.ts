import type { ISessionService } from "coatcheck"

/** What the routes are made of. */
export interface RouteDependencies {
  readonly sessions: ISessionService & { ping(): Promise<void> }
  /** Bytes. */
  readonly bodyLimit: number
}
