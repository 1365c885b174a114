import type { RedisClientLike } from "coatcheck"
import type { ClientName } from "../targets/targets.js"

export const DAY_SECONDS = 86_400

/** Bare commands of one client: what everything else is held against. */
export interface RawClient {
  readonly name: ClientName
  /** The same connection, as libraries take it. */
  readonly client: RedisClientLike
  get(key: string): Promise<string | null>
  /** For a day. */
  set(key: string, value: string): Promise<unknown>
  setRange(key: string, offset: number, value: string): Promise<unknown>
  del(...keys: string[]): Promise<number>
  /** In a day. */
  expire(key: string): Promise<unknown>
  incr(key: string): Promise<number>
  mget(keys: readonly string[]): Promise<readonly (string | null)[]>
  scan(cursor: string, pattern: string): Promise<{ readonly cursor: string; readonly keys: readonly string[] }>
  /** Any command. */
  send(command: string, ...args: readonly string[]): Promise<unknown>
  close(): void
}
