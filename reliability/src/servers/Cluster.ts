import { freePort } from "./free-port.js"
import { SLOTS } from "./key-slot.js"
import { askStore } from "./SentinelGroup.js"
import { type ServerKind, StoreServer } from "./StoreServer.js"
import { waitUntil } from "./wait-until.js"

export interface ClusterOptions {
  readonly primaries?: number
  /** Replicas of each primary. */
  readonly replicas?: number
  /** Options of each node. */
  readonly config?: Readonly<Record<string, string | number>>
  readonly nodeTimeoutMs?: number
}

const FORMED_MS = 30_000

interface Node {
  readonly server: StoreServer
  readonly busPort: number
}

/** A cluster that covers every slot, in equal shares. The first nodes began as primaries. */
export class Cluster implements AsyncDisposable {
  readonly nodes: readonly StoreServer[]
  readonly nodeTimeoutMs: number

  private constructor(nodes: readonly StoreServer[], nodeTimeoutMs: number) {
    this.nodes = nodes
    this.nodeTimeoutMs = nodeTimeoutMs
  }

  static async start(kind: ServerKind, { primaries = 3, replicas = 0, config = {}, nodeTimeoutMs = 2_000 }: ClusterOptions = {}): Promise<Cluster> {
    const nodes: Node[] = []
    try {
      for (let i = 0; i < primaries * (1 + replicas); i++) {
        const busPort = await freePort()
        const own = { "cluster-enabled": "yes", "cluster-port": busPort, "cluster-node-timeout": nodeTimeoutMs, "repl-diskless-sync-delay": 0 }
        nodes.push({ server: await StoreServer.start(kind, { config: { ...own, ...config } }), busPort })
      }
      await join(nodes, primaries)
      return new Cluster(
        nodes.map(({ server }) => server),
        nodeTimeoutMs,
      )
    } catch (error) {
      await Promise.all(nodes.map(({ server }) => server.stop()))
      throw error
    }
  }

  get url(): string {
    return `redis+cluster://${this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`
  }

  get version(): string {
    return this.nodes[0]?.version ?? "?"
  }

  /** The nodes that take writes now, as the nodes themselves say. A node that does not answer is left out. */
  async primaries(): Promise<readonly StoreServer[]> {
    const roles = await Promise.all(this.nodes.map((node) => askStore(node, ["ROLE"]).catch(() => [])))
    return this.nodes.filter((_, at) => String((roles[at] as unknown[])[0]) === "master")
  }

  /** Waits until every node that answers sees all slots served. */
  async waitUntilServing(): Promise<void> {
    await waitUntil("the cluster to serve every slot", FORMED_MS, async () => {
      const infos = await Promise.all(this.nodes.map(async (node) => askStore(node, ["CLUSTER", "INFO"]).then(String, () => undefined)))
      return infos.every((info) => info === undefined || /cluster_state:ok[\s\S]*cluster_slots_ok:16384/.test(info))
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

async function join(nodes: readonly Node[], primaries: number): Promise<void> {
  const share = Math.ceil(SLOTS / primaries)
  const [first] = nodes
  for (const [i, { server }] of nodes.entries()) {
    await askStore(server, ["CLUSTER", "SET-CONFIG-EPOCH", String(i + 1)])
    if (i < primaries) await askStore(server, ["CLUSTER", "ADDSLOTSRANGE", String(i * share), String(Math.min(SLOTS, (i + 1) * share) - 1)])
    if (i > 0) await askStore(server, ["CLUSTER", "MEET", "127.0.0.1", String(first?.server.port), String(first?.busPort)])
  }
  for (const { server } of nodes) {
    await waitUntil("every node to know every node", FORMED_MS, async () =>
      String(await askStore(server, ["CLUSTER", "INFO"])).includes(`cluster_known_nodes:${nodes.length}`),
    )
  }
  for (const [i, { server }] of nodes.entries()) {
    if (i < primaries) continue
    const primary = nodes[i % primaries]?.server
    if (primary === undefined) throw new RangeError("Expected a primary for each replica")
    const id = String(await askStore(primary, ["CLUSTER", "MYID"]))
    await waitUntil("a replica to be taken", FORMED_MS, async () => String(await askStore(server, ["CLUSTER", "REPLICATE", id])) === "OK")
  }
  for (const { server } of nodes) {
    await waitUntil("the cluster to be formed", FORMED_MS, async () =>
      /cluster_state:ok[\s\S]*cluster_slots_ok:16384/.test(String(await askStore(server, ["CLUSTER", "INFO"]))),
    )
  }
  // A primary hands over to no replica that it has not heard of as such, and lets none be elected.
  for (const { server } of nodes.slice(0, primaries)) {
    await waitUntil(
      "the primaries to know the replicas",
      FORMED_MS,
      async () => countReplicas(String(await askStore(server, ["CLUSTER", "NODES"]))) === nodes.length - primaries,
    )
  }
  for (const { server } of nodes.slice(primaries)) {
    await waitUntil("a replica to be in sync", FORMED_MS, async () => String(await askStore(server, ["INFO", "replication"])).includes("master_link_status:up"))
  }
}

function countReplicas(nodes: string): number {
  return nodes.split("\n").filter((node) => node.split(" ")[2] === "slave").length
}
