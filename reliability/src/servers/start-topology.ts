import { Cluster } from "./Cluster.js"
import { SentinelGroup } from "./SentinelGroup.js"
import { type ServerKind, StoreServer } from "./StoreServer.js"

export type StoreTopology = "one server" | "sentinel" | "cluster"

/** Servers that a service can use by one URL. */
export interface RunningStore extends AsyncDisposable {
  readonly url: string
  readonly version: string
  /** Where all that is stored lies. */
  primaryUrls(): Promise<readonly string[]>
}

/** Starts one server, one under Sentinels, or a cluster, without faults and with whatever it keeps kept in memory. */
export async function startTopology(topology: StoreTopology, kind: ServerKind): Promise<RunningStore> {
  switch (topology) {
    case "one server": {
      const server = await StoreServer.start(kind)
      return running(server, async () => [server.url])
    }
    case "sentinel": {
      const group = await SentinelGroup.start(kind)
      return running(group, async () => [(await group.primary()).url])
    }
    case "cluster": {
      const cluster = await Cluster.start(kind)
      return running(cluster, async () => (await cluster.primaries()).map(({ url }) => url))
    }
  }
}

function running(servers: AsyncDisposable & Pick<RunningStore, "url" | "version">, primaryUrls: RunningStore["primaryUrls"]): RunningStore {
  return { url: servers.url, version: servers.version, primaryUrls, [Symbol.asyncDispose]: async () => servers[Symbol.asyncDispose]() }
}
