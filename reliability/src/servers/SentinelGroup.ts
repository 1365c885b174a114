import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import type { Gate } from "./Gate.js"
import { connectPlain } from "./plain-client.js"
import { type ServerKind, StoreServer } from "./StoreServer.js"
import { waitUntil } from "./wait-until.js"

export interface SentinelGroupOptions {
  readonly replicas?: number
  /** Options of each store. */
  readonly config?: Readonly<Record<string, string | number>>
  /** How long a primary may be silent before the Sentinels act, in milliseconds. */
  readonly downAfterMs?: number
  /** Stands before the first store, so that it can be cut off from the Sentinels and the other stores. */
  readonly gate?: Gate
  /** Environment variables of the stores that begin as replicas. */
  readonly environmentOfReplicas?: Readonly<Record<string, string>>
}

const NAME = "main"
const FORMED_MS = 30_000
const LOADED_MS = 60_000
const LOOK_MS = 20
const FAILOVER_TIMEOUT_MS = 4_000
const AT_ONCE = { "repl-diskless-sync-delay": 0 }
/** Sentinels look at everything each second instead of every ten, and act again soon after their process got no time. */
const WATCHFUL = ["SENTINEL", "DEBUG", "INFO-PERIOD", "1000", "PUBLISH-PERIOD", "500", "TILT-PERIOD", "3000"]

/** A primary with replicas, and three Sentinels that watch it. */
export class SentinelGroup implements AsyncDisposable {
  readonly stores: readonly StoreServer[]
  readonly sentinels: readonly StoreServer[]

  readonly #gate: Gate | undefined

  private constructor(stores: readonly StoreServer[], sentinels: readonly StoreServer[], gate: Gate | undefined) {
    this.stores = stores
    this.sentinels = sentinels
    this.#gate = gate
  }

  static async start(kind: ServerKind, options: SentinelGroupOptions = {}): Promise<SentinelGroup> {
    const { replicas = 2, config = {}, downAfterMs = 2_000, gate, environmentOfReplicas = {} } = options
    const stores: StoreServer[] = []
    const sentinels: StoreServer[] = []
    const begin = async (into: StoreServer[], starting: Promise<StoreServer>): Promise<void> => void into.push(await starting)
    try {
      const announced = gate === undefined ? {} : { "replica-announce-ip": "127.0.0.1", "replica-announce-port": gate.port }
      const first = await StoreServer.start(kind, { config: { ...AT_ONCE, ...announced, ...config } })
      stores.push(first)
      gate?.leadTo(first.port)
      const place = `127.0.0.1 ${gate?.port ?? first.port}`
      const replica = { config: { ...AT_ONCE, ...config, replicaof: place }, environment: environmentOfReplicas }
      await allEnded(Array.from({ length: replicas }, () => begin(stores, StoreServer.start(kind, replica))))
      const group = new SentinelGroup(stores, sentinels, gate)
      // A Sentinel that meets a primary whose replicas are not there yet looks for them again only after its next period.
      await group.#waitUntilInSync(first)
      const sentinel = [
        `sentinel monitor ${NAME} ${place} 2`,
        `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
        `sentinel failover-timeout ${NAME} ${FAILOVER_TIMEOUT_MS}`,
      ]
      await allEnded(Array.from({ length: 3 }, () => begin(sentinels, StoreServer.start(kind, { sentinel }))))
      await Promise.all(sentinels.map((each) => askStore(each, WATCHFUL)))
      await group.waitUntilWhole()
      return group
    } catch (error) {
      await Promise.all([...sentinels, ...stores].map((server) => server.stop()))
      throw error
    }
  }

  get url(): string {
    return `redis+sentinel://${this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${NAME}`
  }

  get version(): string {
    return this.stores[0]?.version ?? "?"
  }

  /** Whom the first Sentinel that answers takes for the primary. */
  async primary(): Promise<StoreServer> {
    const [, port] = (await this.#ask(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME])) as [string, string]
    const primary = String(this.#gate?.port) === port ? this.stores[0] : this.stores.find((store) => String(store.port) === port)
    if (primary === undefined) throw new Error(`Expected the Sentinels to name one of our stores, got port ${port}`)
    return primary
  }

  /** Asks for a failover although the primary is well. */
  async failOver(): Promise<void> {
    await this.#ask(["SENTINEL", "FAILOVER", NAME])
  }

  /** Waits until another store than this one is the primary, and says so itself. */
  async waitForPrimaryBut(old: StoreServer, withinMs = 30_000): Promise<StoreServer> {
    let found = old
    await waitUntil("another store to become the primary", withinMs, async () => {
      found = await this.primary()
      return found !== old && String(((await askStore(found, ["ROLE"])) as unknown[])[0]) === "master"
    })
    return found
  }

  /** Waits until every store but the primary is a replica in sync with it, and all Sentinels know all and take none of them for silent. */
  async waitUntilWhole(): Promise<void> {
    const replicas = this.stores.length - 1
    await this.#waitUntilInSync()
    for (const sentinel of this.sentinels) {
      await waitUntil("the Sentinels to know each other and the replicas", FORMED_MS, async () => {
        const primary = fieldsOf(await askStore(sentinel, ["SENTINEL", "MASTER", NAME]))
        const others = ((await askStore(sentinel, ["SENTINEL", "REPLICAS", NAME])) as Reply[]).map(fieldsOf)
        const known = Number(primary["num-slaves"]) === replicas && Number(primary["num-other-sentinels"]) === 2
        return known && primary.flags === "master" && others.every((each) => each.flags === "slave" && each["master-link-status"] === "ok")
      })
    }
  }

  /** Starts a store that was killed, as a replica of the primary of now. */
  async bringBack(store: StoreServer): Promise<void> {
    await store.startAgain()
    const primary = await this.primary()
    if (primary !== store) await askLoadedStore(store, ["REPLICAOF", "127.0.0.1", String(this.#portOf(primary))])
  }

  /** How often a Sentinel got no time of its machine, and therefore did nothing for a while. */
  tilts(): number {
    const logs = this.sentinels.map(({ folder }) => readFileSync(join(folder, "server.log"), "utf8"))
    return logs.reduce((sum, log) => sum + log.split("+tilt").length - 1, 0)
  }

  async stop(): Promise<void> {
    await Promise.all(this.sentinels.map((server) => server.stop()))
    await Promise.all(this.stores.map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #portOf(store: StoreServer): number {
    return this.#gate !== undefined && store === this.stores[0] ? this.#gate.port : store.port
  }

  async #waitUntilInSync(primary?: StoreServer): Promise<void> {
    await waitUntil("the replicas to be in sync", FORMED_MS, async () => {
      const info = String(await askStore(primary ?? (await this.primary()), ["INFO", "replication"]))
      return info.split("state=online").length === this.stores.length
    })
  }

  async #ask(command: readonly string[]): Promise<unknown> {
    let last: unknown
    for (const sentinel of this.sentinels) {
      try {
        return await askStore(sentinel, command)
      } catch (error) {
        last = error
      }
    }
    throw last
  }
}

/** Sends one command to one server over a connection of its own. */
export async function askStore(server: Pick<StoreServer, "url">, command: readonly string[]): Promise<unknown> {
  const client = await connectPlain(server.url)
  try {
    return await client.sendCommand([...command])
  } finally {
    client.destroy()
  }
}

/** The same, once the server has read its file: one that was just started answers LOADING. */
export async function askLoadedStore(server: Pick<StoreServer, "url">, command: readonly string[]): Promise<unknown> {
  for (const until = performance.now() + LOADED_MS; ; await pause(LOOK_MS)) {
    try {
      return await askStore(server, command)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("LOADING") || performance.now() > until) throw error
    }
  }
}

type Reply = readonly string[] | Readonly<Record<string, string>>

// Which of the two it is depends on the protocol of the connection.
function fieldsOf(reply: unknown): Readonly<Record<string, string>> {
  const fields = reply as Reply
  if (!Array.isArray(fields)) return fields as Readonly<Record<string, string>>
  return Object.fromEntries(fields.flatMap((name: string, at: number): [string, string][] => (at % 2 === 0 ? [[name, String(fields[at + 1])]] : [])))
}

/** Waits for all, also when one fails, so that nothing goes on unseen. */
async function allEnded(all: readonly Promise<void>[]): Promise<void> {
  for (const ended of await Promise.allSettled(all)) if (ended.status === "rejected") throw ended.reason
}
