import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSessionService } from "../../config/create-session-service.js"
import type { SessionServiceOptions } from "../../config/options.js"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { NEAR_CACHE_MODE } from "./near-cache-mode.js"
import { sharedServer } from "./servers.js"

type Service = OwnedSessionService<SessionAttributes, SessionAttributes>

export const STORE_NAMES = ["memory", "sqlite", "redis"] as const
export type StoreName = (typeof STORE_NAMES)[number]

/** One service on each kind of store, each store new and empty. */
export interface EveryStore {
  readonly services: Readonly<Record<StoreName, Service>>
  readonly sqliteFile: string
  readonly keyPrefix: string
  close(): Promise<void>
}

/** `redisUrl`: a server of a test's own, where it matters what else is stored there. */
export async function openEveryStore(options: Omit<SessionServiceOptions, "store"> = {}, redisUrl = sharedServer("redis").url): Promise<EveryStore> {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-stores-"))
  const sqliteFile = join(folder, "sessions.db")
  const keyPrefix = `t:${randomUUID()}:`
  const services = {
    memory: await createSessionService<SessionAttributes>({ store: "memory:", ...options }),
    sqlite: await createSessionService<SessionAttributes>({ store: `sqlite:${sqliteFile}`, ...options }),
    redis: await createSessionService<SessionAttributes>({ store: redisUrl, keyPrefix, ...NEAR_CACHE_MODE, ...options }),
  }
  const close = async (): Promise<void> => {
    for (const service of Object.values(services)) await service.close()
    rmSync(folder, { recursive: true, force: true })
  }
  return { services, sqliteFile, keyPrefix, close }
}
