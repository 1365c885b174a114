import type { Cluster } from "../servers/Cluster.js"
import { askStore } from "../servers/SentinelGroup.js"
import type { StoreServer } from "../servers/StoreServer.js"
import { waitUntil } from "../servers/wait-until.js"

const PRIMARIES = 3
const TAKEN_OVER_MS = 20_000

/**
 * Lets a replica take over from the primary of a share, asked to or because that was killed.
 *
 * @param share place of the node that began as the primary, in a cluster of three that have a replica each
 * @returns the primary that was replaced
 */
export async function takeOver(cluster: Cluster, share: number, killed: boolean): Promise<StoreServer> {
  const pair = [cluster.nodes[share], cluster.nodes[share + PRIMARIES]]
  const primaries = await cluster.primaries()
  const [old, next] = primaries.some((node) => node === pair[0]) ? pair : pair.toReversed()
  if (old === undefined || next === undefined) throw new RangeError("Expected each share to have a primary and a replica")
  if (killed) await old.kill()
  else await askStore(next, ["CLUSTER", "FAILOVER"])
  await waitUntil("the replica to take over", TAKEN_OVER_MS, async () => (await replicationOf(next)).includes("role:master"))
  if (killed) await cluster.waitUntilServing()
  return old
}

/** What a node says of its replication. */
export async function replicationOf(node: StoreServer): Promise<string> {
  return String(await askStore(node, ["INFO", "replication"]))
}
