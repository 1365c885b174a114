import type { Cluster } from "./Cluster.js"
import { keySlot } from "./key-slot.js"
import { connectPlain, type PlainClient } from "./plain-client.js"
import { waitUntil } from "./wait-until.js"

const MIGRATE_MS = 10_000
const AGREED_MS = 20_000
const NO_MOVE = async (): Promise<void> => undefined

interface Node {
  readonly id: string
  readonly port: number
  readonly client: PlainClient
}

export interface NodeCounts {
  readonly tryAgain: number
  readonly ask: number
  /** Scripts that began and did not come to their end. */
  readonly failedInScripts: number
}

export interface MoveOptions {
  /** Keys that move at a time. */
  readonly batch?: number
  /** Called after each batch, while the slot lies on two nodes. */
  whileSplit?(): Promise<void>
}

/** Moves slots from primary to primary, key by key, as `redis-cli --cluster reshard` does. */
export class SlotMover implements AsyncDisposable {
  readonly #nodes: readonly Node[]
  readonly #owners = new Map<number, number>()
  #keys = 0

  private constructor(nodes: readonly Node[]) {
    this.#nodes = nodes
  }

  static async connect(cluster: Cluster): Promise<SlotMover> {
    const primaries = await cluster.primaries()
    const connect = async ({ url, port }: (typeof primaries)[number]): Promise<Node> => {
      const client = await connectPlain(url)
      return { id: (await client.sendCommand(["CLUSTER", "MYID"])) as unknown as string, port, client }
    }
    const mover = new SlotMover(await Promise.all(primaries.map(connect)))
    await mover.#learnOwners()
    return mover
  }

  /** Keys that were moved. */
  get keys(): number {
    return this.#keys
  }

  /** The slots that hold keys now. */
  async usedSlots(): Promise<readonly number[]> {
    const used = new Set<number>()
    for (const { client } of this.#nodes) {
      for await (const keys of client.scanIterator({ COUNT: 1_000 })) for (const key of keys) used.add(keySlot(key))
    }
    return [...used]
  }

  /** Moves a slot to the next primary. */
  async move(slot: number, { batch = 50, whileSplit = NO_MOVE }: MoveOptions = {}): Promise<void> {
    const at = this.#owners.get(slot) ?? 0
    const next = (at + 1) % this.#nodes.length
    const [from, to] = [this.#nodes[at], this.#nodes[next]]
    if (from === undefined || to === undefined) throw new RangeError("Expected at least one primary")
    await to.client.sendCommand(["CLUSTER", "SETSLOT", String(slot), "IMPORTING", from.id])
    await from.client.sendCommand(["CLUSTER", "SETSLOT", String(slot), "MIGRATING", to.id])
    for (;;) {
      const keys = (await from.client.sendCommand(["CLUSTER", "GETKEYSINSLOT", String(slot), String(batch)])) as unknown as string[]
      if (keys.length === 0) break
      // A key may have ended since it was named; then there is nothing to move.
      await from.client.sendCommand(["MIGRATE", "127.0.0.1", String(to.port), "", "0", String(MIGRATE_MS), "KEYS", ...keys])
      this.#keys += keys.length
      await whileSplit()
    }
    const others = this.#nodes.filter((node) => node !== from && node !== to)
    for (const { client } of [to, from, ...others]) await client.sendCommand(["CLUSTER", "SETSLOT", String(slot), "NODE", to.id])
    this.#owners.set(slot, next)
    // Where the next move begins before each node knows of this one, two of them may come to name each other for a slot, for good.
    await waitUntil("every node to know who owns the slot", AGREED_MS, async () => new Set(await this.#views()).size === 1)
  }

  /** What the nodes counted since they were started. */
  async counts(): Promise<NodeCounts> {
    const counts = { tryAgain: 0, ask: 0, failedInScripts: 0 }
    for (const { client } of this.#nodes) {
      const [errors, commands] = [await client.info("errorstats"), await client.info("commandstats")]
      const error = (code: string): number => Number(new RegExp(`errorstat_${code}:count=(\\d+)`).exec(errors)?.[1] ?? 0)
      const failed = [...commands.matchAll(/cmdstat_eval\w*:.*failed_calls=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
      counts.tryAgain += error("TRYAGAIN")
      counts.ask += error("ASK")
      counts.failedInScripts += failed - error("NOSCRIPT")
    }
    return counts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client } of this.#nodes) client.destroy()
  }

  /** Which slots each node has and since which epoch, as each of them sees it. */
  async #views(): Promise<readonly string[]> {
    return Promise.all(
      this.#nodes.map(async ({ client }) => {
        const lines = ((await client.sendCommand(["CLUSTER", "NODES"])) as unknown as string).trim().split("\n")
        return lines
          .map((line) => line.split(" ").toSpliced(1, 5))
          .map((fields) => fields.filter((field) => !/^(\[|connected)/.test(field)).join(" "))
          .toSorted()
          .join("\n")
      }),
    )
  }

  async #learnOwners(): Promise<void> {
    const shares = (await this.#nodes[0]?.client.sendCommand(["CLUSTER", "SLOTS"])) as unknown as [number, number, [string, number]][]
    for (const [first, last, [, port]] of shares) {
      const at = this.#nodes.findIndex((node) => node.port === port)
      for (let slot = first; slot <= last; slot++) this.#owners.set(slot, at)
    }
  }
}
