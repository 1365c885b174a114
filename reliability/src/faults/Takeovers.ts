import { setTimeout as pause } from "node:timers/promises"
import type { Cluster } from "../servers/Cluster.js"
import { askStore } from "../servers/SentinelGroup.js"
import type { StoreServer } from "../servers/StoreServer.js"
import { waitUntil } from "../servers/wait-until.js"

const PRIMARIES = 3
const TAKEN_OVER_MS = 20_000
const NODE_TIMEOUTS = 4
const LEAST_FORGOTTEN_MS = 4_000

/** Lets the replicas of a cluster take over from their primaries. Three began as primaries, with a replica each. */
export class Takeovers {
  readonly #cluster: Cluster
  readonly #wonAt = new Map<StoreServer, number>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /**
   * Waits until a replica can be elected once more. Redis counts the votes of an election that a node won for four of its timeouts: meanwhile the node
   * wins the next one without being voted for, in the epoch of the first, and the others soon make it a replica again, whereby it loses what it was
   * told (redis/redis, pull request 8753). Valkey forgets them at once.
   *
   * @param share place of the node that began as its primary
   */
  async electable(share: number, signal: AbortSignal): Promise<void> {
    const { next } = await this.#pair(share)
    const wonAt = this.#wonAt.get(next)
    if (wonAt === undefined || next.kind === "valkey") return
    const forgottenMs = Math.max(LEAST_FORGOTTEN_MS, NODE_TIMEOUTS * this.#cluster.nodeTimeoutMs)
    await pause(Math.max(0, wonAt + forgottenMs - performance.now()), undefined, { signal })
  }

  /**
   * Lets the replica take over, asked to or because its primary was killed.
   *
   * @returns the primary that was replaced
   */
  async takeOver(share: number, killed: boolean): Promise<StoreServer> {
    const { old, next } = await this.#pair(share)
    if (killed) await old.kill()
    else await askStore(next, ["CLUSTER", "FAILOVER"])
    await waitUntil("the replica to take over", TAKEN_OVER_MS, async () => (await replicationOf(next)).includes("role:master"))
    this.#wonAt.set(next, performance.now())
    if (killed) await this.#cluster.waitUntilServing()
    return old
  }

  async #pair(share: number): Promise<{ readonly old: StoreServer; readonly next: StoreServer }> {
    const pair = [this.#cluster.nodes[share], this.#cluster.nodes[share + PRIMARIES]]
    const primaries = await this.#cluster.primaries()
    const [old, next] = primaries.some((node) => node === pair[0]) ? pair : pair.toReversed()
    if (old === undefined || next === undefined) throw new RangeError("Expected each share to have a primary and a replica")
    return { old, next }
  }
}

/** What a node says of its replication. */
export async function replicationOf(node: StoreServer): Promise<string> {
  return String(await askStore(node, ["INFO", "replication"]))
}
