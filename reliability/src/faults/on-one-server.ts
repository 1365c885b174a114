import { auditStore } from "../audit/state-audit.js"
import type { Figures, Summary } from "../layer.js"
import { askStore } from "../servers/SentinelGroup.js"
import { type ServerOptions, StoreServer } from "../servers/StoreServer.js"
import { openStore } from "../workloads/open-store.js"
import { FaultLoad } from "./FaultLoad.js"
import type { FaultFinding, FaultSite } from "./fault-row.js"
import type { LoadFinding } from "./judge.js"
import { beyondDeadline, limitsHeld } from "./limits.js"
import { SESSIONS_A_USER } from "./many-sessions.js"

/** One server, and clients that use it while something is done to it. */
export interface Scene {
  readonly server: StoreServer
  readonly load: FaultLoad
  /** Sends one command to the server over a connection of its own. */
  ask(...command: string[]): Promise<unknown>
}

/** What a row did, and what it saw beside the load. */
export interface Brought {
  readonly tried: number
  readonly figures?: Figures
  readonly why: readonly string[]
  /** That acknowledged writes may be lost; half a record never may. */
  readonly mayLose?: boolean
  readonly summary?: (found: LoadFinding) => Summary
}

export interface SceneOptions extends Pick<ServerOptions, "config"> {
  readonly timeoutMs?: number
  /** Between two calls of one client, in milliseconds. */
  readonly paceMs?: number
  /** Sessions a user; 5 by default. */
  readonly limit?: number
}

/** Starts a server and a load, lets a row do its work, and judges every answer and every key that is left. */
export async function onOneServer(
  { kind, client, seed }: FaultSite,
  { config = {}, timeoutMs = 1_000, paceMs = 1, limit = SESSIONS_A_USER }: SceneOptions,
  bring: (scene: Scene) => Promise<Brought>,
): Promise<FaultFinding> {
  await using server = await StoreServer.start(kind, { config })
  const opened = await openStore(client, server.url)
  try {
    await using load = await FaultLoad.start({ store: opened.store, seed, timeout: `${timeoutMs}ms`, limit, paceMs })
    const { tried, figures = {}, why: seen, mayLose = false, summary } = await bring({ server, load, ask: (...command) => askStore(server, command) })
    const found = await load.finish()
    const why = [...seen, ...limitsHeld(found, { timeoutMs, mayLose }), ...(await wholeStore(server.url, limit))]
    return {
      version: server.version,
      tried,
      figures: {
        calls: found.operations,
        refused: found.failed,
        unknown: found.unknown,
        lost: found.lost,
        revived: found.revived,
        partial: found.partial,
        "longest call ms": Math.round(found.longestCallMs),
        ...figures,
      },
      summary: {
        "partial records": found.partial,
        "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, timeoutMs)),
        ...summary?.(found),
      },
      why,
    }
  } finally {
    await opened.close()
  }
}

/** Looks at every key. @returns what is not as it must be */
export async function wholeStore(url: string, limit = SESSIONS_A_USER): Promise<string[]> {
  const { withoutTtl, unlisted, corrupt, beyondLimit } = await auditStore(url, limit)
  return Object.entries({ withoutTtl, unlisted, corrupt, beyondLimit }).flatMap(([name, count]) => (count === 0 ? [] : [`audit: ${count} ${name}`]))
}
