import { asConfigError, SessionError } from "../domain/errors.js"
import type { Clock } from "../domain/interfaces/ports.js"
import type { IRecordStore } from "../domain/interfaces/records/IRecordStore.js"
import { connectRedis } from "../infrastructure/redis/clients/connect.js"
import { recogniseClient } from "../infrastructure/redis/clients/topology.js"
import { MemoryRecords } from "../infrastructure/services/records/MemoryRecords.js"
import { RecordFront } from "../infrastructure/services/records/RecordFront.js"
import { RedisRecords } from "../infrastructure/services/records/RedisRecords.js"
import { type RecordOptions, type RecordSettings, resolveRecordSettings } from "../infrastructure/services/records/record-settings.js"
import type { RecordSteps } from "../infrastructure/services/records/record-steps.js"
import { SqliteRecords } from "../infrastructure/services/records/SqliteRecords.js"
import { assertKnownKeys, expected, readOnce } from "../shared/assertions.js"
import { LazyRecords } from "./lazy-records.js"
import { type SessionServiceOptions, type StoreConnection, type StoreKind, whichStore } from "./options.js"

/** Options of a drop-in store. */
export interface DropInOptions extends RecordOptions {
  /** As that of `createSessionService`: `"memory:"`, `"sqlite:FILE"`, `"redis://…"` or your own client, which is never reconfigured and never closed. */
  readonly store: SessionServiceOptions["store"]
  /** The time, for tests: acts on memory and SQLite. */
  readonly clock?: Clock | undefined
}

/** Where connect-redis left its sessions. */
export interface TakeOver {
  /** Its option `prefix`; `"sess:"` by default. */
  readonly prefix?: string | undefined
}

/** Options of a drop-in store that can go on with the sessions of connect-redis. */
export interface TakeOverOptions extends DropInOptions {
  /**
   * Goes on with the sessions that connect-redis left on the same server and in the same database. Each is moved when its browser comes: its record is
   * made and its old key removed in one step; on a cluster in two, the record first.
   */
  readonly takeOver?: TakeOver | undefined
}

/** A drop-in store's settings, and its store, which is opened when it is first used. */
export interface OpenRecords {
  readonly settings: RecordSettings
  readonly records: LazyRecords
}

const OPTION_NAMES = ["store", "idleTimeout", "rememberEnded", "lastWins", "timeout", "keyPrefix", "clock"]
const LONGEST_PREFIX = 256

/** Checks all options at once, and opens nothing yet. @throws ERR_CONFIG_INVALID */
export function openRecords(given: TakeOverOptions, canTakeOver: boolean): OpenRecords {
  const options = asConfigError(() => {
    const own = readOnce(given)
    assertKnownKeys(own, "the options of CoatcheckStore", canTakeOver ? [...OPTION_NAMES, "takeOver"] : OPTION_NAMES)
    return own
  })
  const { store, connection } = asConfigError(() => whichStore(options))
  const settings = resolveRecordSettings(options)
  const oldPrefix = asConfigError(() => oldPrefixOf(options.takeOver, store))
  if (store.kind === "redis" && typeof store.store !== "string") recogniseClient(store.store)
  const records = new LazyRecords(async () => front(await openSteps(store, connection, settings, oldPrefix, options.clock), settings))
  return { settings, records }
}

function front(steps: RecordSteps, settings: RecordSettings): IRecordStore {
  return new RecordFront(steps, settings)
}

async function openSteps(
  store: StoreKind,
  connection: StoreConnection,
  settings: RecordSettings,
  oldPrefix: string | null,
  clock: Clock | undefined,
): Promise<RecordSteps> {
  switch (store.kind) {
    case "memory":
      return new MemoryRecords(clock)
    case "sqlite":
      return SqliteRecords.open(store.file, settings, clock)
    case "redis":
      return new RedisRecords(await connectRedis(store.store, connection), settings, oldPrefix)
  }
}

/** @throws UnexpectedValue · ERR_CONFIG_INVALID where connect-redis never was */
function oldPrefixOf(takeOver: TakeOver | undefined, store: StoreKind): string | null {
  if (takeOver === undefined) return null
  assertKnownKeys(takeOver, "takeOver", ["prefix"])
  const { prefix = "sess:" } = takeOver
  if (typeof prefix !== "string" || prefix.length > LONGEST_PREFIX) throw expected("takeOver.prefix", `text of at most ${LONGEST_PREFIX} characters`, prefix)
  if (store.kind !== "redis") throw refused(`Expected takeOver together with Redis or Valkey, where connect-redis keeps its sessions, got ${store.kind}.`)
  return prefix
}

function refused(message: string): SessionError {
  return new SessionError("ERR_CONFIG_INVALID", message)
}
