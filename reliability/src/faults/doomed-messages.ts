import type { ClientName } from "../workloads/store-clients.js"

/** What a process that is to be killed does until then. */
export type Doom =
  /** Clients that do to some users' sessions whatever can be done. */
  | { readonly kind: "live"; readonly seed: number }
  /** Ends all sessions of a user. */
  | { readonly kind: "sign-out"; readonly user: string }
  /** One call after another; each is told when it was acknowledged. */
  | { readonly kind: "write"; readonly seed: number; readonly calls: number }

export interface DoomSettings {
  readonly url: string
  readonly client: ClientName
  readonly doom: Doom
}

/** `began`: its first call is under way. `did`: what was acknowledged. `ended`: all calls are made. */
export type DoomNews = { readonly news: "began" | "ended" } | ({ readonly news: "did" } & Acknowledged)

/** One acknowledged change: the version of the session after it; 0: it is ended. */
export interface Acknowledged {
  readonly token: string
  readonly version: number
}
