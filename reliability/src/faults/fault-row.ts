import type { Figures, Scale, Summary } from "../layer.js"
import type { ServerKind } from "../servers/StoreServer.js"
import type { ClientName } from "../workloads/store-clients.js"

export const TOPOLOGIES = ["one server", "sentinel", "cluster", "embedded"] as const
export type Topology = (typeof TOPOLOGIES)[number]

/** What a row cannot do without. */
export type Need = "root that may mount a disk" | "root that may make network links, and ip" | "gcc" | "openssl"

/** One row of the fault table: something is done to the store or to the service, and this is what must hold. */
export interface FaultRow {
  readonly number: number
  /** What is done, in a few words. */
  readonly name: string
  readonly topologies: readonly Topology[]
  readonly needs?: readonly Need[]
  /**
   * `own`: gives its services a near-cache in any run. `none`: its services never have one, since the store is a file, limits are what is asked for, or each call has to reach the
   * server that refuses it. Otherwise they have one in the mode with near-cache.
   */
  readonly nearCache?: "own" | "none"
  /** Why a quick run leaves the row to the full one, unless it is named. Each topology and each kind of fault keeps a row in the quick run. */
  readonly onlyInFull?: string
  /** Ends all that it starts, also when it throws, and soon after the signal. */
  run(site: FaultSite): Promise<FaultFinding>
}

/** Where and how much. */
export interface FaultSite {
  readonly topology: Topology
  readonly kind: ServerKind
  readonly client: ClientName
  readonly seed: number
  readonly scale: Scale
  readonly signal: AbortSignal
  /** How often to do it: all on one pairing of server and client, a tenth on the others, `quick` in a quick run. */
  times(full: number, quick: number): number
  /** Tells what is being done. */
  note(text: string): void
}

export interface FaultFinding {
  /** The server's version, as it tells it. */
  readonly version: string
  /** How often the fault was brought about. */
  readonly tried: number
  /** How often all that must hold held; left out by a row that judges all its tries together. */
  readonly survived?: number
  readonly figures: Figures
  readonly summary?: Summary
  /** What did not hold. */
  readonly why: readonly string[]
}

/** How often all that must hold held: where the tries are judged together, always or never. */
export function survivedOf({ tried, survived, why }: Pick<FaultFinding, "tried" | "survived" | "why">): number {
  return survived ?? (why.length === 0 ? tried : 0)
}
