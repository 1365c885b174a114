import type { ClientName } from "../targets/targets.js"
import type { RawClient } from "./raw-client.js"

/** What stands beside each other, each in a process of its own. */
export type Library =
  | "raw"
  | "raw at an address"
  | "coatcheck"
  | "coatcheck with its near-cache"
  | "coatcheck at an address"
  | "the least"
  | "plain design"
  | "connect-redis"
  | "redis-sessions"
  | "redis-sessions with its cache"
  | "node-redis with its cache"
  | "better-auth"
  | "iron-session"
  | "Map"

export interface SessionSettings {
  readonly library: Library
  readonly client: ClientName
  readonly url: string
  /** By which the library finds the sessions that are stored; none where it stores its own. */
  readonly names: readonly string[]
  /** Of sessions. */
  readonly count: number
  /** Of each session's JSON. */
  readonly bytes: number
  /** How long a slice takes. */
  readonly ms: number
}

/** With a connection of the client, where a library takes one. */
export interface ClientSettings extends SessionSettings {
  readonly raw: RawClient
}
