import { askStore } from "../../servers/SentinelGroup.js"
import { type ServerOptions, StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import type { FaultFinding, FaultSite } from "../fault-row.js"
import { RateLoad } from "./RateLoad.js"
import { type Disturbed, ratesFinding } from "./rates-finding.js"

interface Scene {
  readonly server: StoreServer
  readonly load: RateLoad
  /** Sends one command to the server over a connection of its own. */
  ask(...command: string[]): Promise<unknown>
}

interface SceneOptions extends Pick<ServerOptions, "config"> {
  readonly timeoutMs?: number
}

/** Starts a server and a load of rate limits, lets a row do its work, and judges every answer. */
export async function onOneRateServer(
  site: FaultSite,
  { config = {}, timeoutMs = 1_000 }: SceneOptions,
  bring: (scene: Scene) => Promise<Omit<Disturbed, "version" | "timeoutMs">>,
): Promise<FaultFinding> {
  await using server = await StoreServer.start(site.kind, { config })
  const opened = await openStore(site.client, server.url)
  try {
    await using load = await RateLoad.start({ store: opened.store, seed: site.seed, timeoutMs })
    const brought = await bring({ server, load, ask: (...command) => askStore(server, command) })
    return ratesFinding(site, await load.finish(), { version: server.version, timeoutMs, ...brought })
  } finally {
    await opened.close()
  }
}
