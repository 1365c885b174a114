// Clients of a cluster as an application makes them, for the tests and for the processes that they start.
import { Cluster } from "ioredis"
import { createCluster } from "redis"

/** @param {"node-redis" | "ioredis"} library @param {readonly number[]} ports of nodes on this machine */
export async function clusterClient(library, ports) {
  if (library === "node-redis") {
    const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) })
    client.on("error", () => undefined)
    await client.connect()
    return { client, end: () => client.close() }
  }
  const client = new Cluster(
    ports.map((port) => ({ host: "127.0.0.1", port })),
    { lazyConnect: true },
  )
  client.on("error", () => undefined)
  await client.connect()
  return { client, end: () => client.quit() }
}
