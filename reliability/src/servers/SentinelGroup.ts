import { connectPlain } from "./plain-client.js"
import { type ServerKind, StoreServer } from "./StoreServer.js"
import { waitUntil } from "./wait-until.js"

export interface SentinelGroupOptions {
  readonly replicas?: number
  /** Options of each store. */
  readonly config?: Readonly<Record<string, string | number>>
  /** How long a primary may be silent before the Sentinels act, in milliseconds. */
  readonly downAfterMs?: number
}

const NAME = "main"
const FORMED_MS = 30_000

/** A primary with replicas, and three Sentinels that watch it. */
export class SentinelGroup implements AsyncDisposable {
  readonly stores: readonly StoreServer[]
  readonly sentinels: readonly StoreServer[]

  private constructor(stores: readonly StoreServer[], sentinels: readonly StoreServer[]) {
    this.stores = stores
    this.sentinels = sentinels
  }

  static async start(kind: ServerKind, { replicas = 2, config = {}, downAfterMs = 2_000 }: SentinelGroupOptions = {}): Promise<SentinelGroup> {
    const stores: StoreServer[] = []
    const sentinels: StoreServer[] = []
    try {
      const first = await StoreServer.start(kind, { config: { "repl-diskless-sync-delay": 0, ...config } })
      stores.push(first)
      for (let i = 0; i < replicas; i++)
        stores.push(await StoreServer.start(kind, { config: { "repl-diskless-sync-delay": 0, ...config, replicaof: `127.0.0.1 ${first.port}` } }))
      const sentinel = [
        `sentinel monitor ${NAME} 127.0.0.1 ${first.port} 2`,
        `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
        `sentinel failover-timeout ${NAME} 6000`,
      ]
      for (let i = 0; i < 3; i++) sentinels.push(await StoreServer.start(kind, { sentinel }))
      const group = new SentinelGroup(stores, sentinels)
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
    const primary = this.stores.find((store) => String(store.port) === port)
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

  /** Waits until every store but the primary is a replica in sync with it, and all Sentinels know all. */
  async waitUntilWhole(): Promise<void> {
    const replicas = this.stores.length - 1
    await waitUntil("the replicas to be in sync", FORMED_MS, async () => {
      const info = String(await askStore(await this.primary(), ["INFO", "replication"]))
      return info.split("state=online").length === replicas + 1
    })
    for (const sentinel of this.sentinels) {
      await waitUntil("the Sentinels to know each other and the replicas", FORMED_MS, async () => {
        const primary = Object.fromEntries(pairs((await askStore(sentinel, ["SENTINEL", "MASTER", NAME])) as string[] | Record<string, string>))
        return Number(primary["num-slaves"]) === replicas && Number(primary["num-other-sentinels"]) === 2
      })
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.sentinels.map((server) => server.stop()))
    await Promise.all(this.stores.map((server) => server.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
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

function pairs(reply: readonly string[] | Readonly<Record<string, string>>): [string, string][] {
  if (!Array.isArray(reply)) return Object.entries(reply)
  return reply.flatMap((name: string, at: number): [string, string][] => (at % 2 === 0 ? [[name, String(reply[at + 1])]] : []))
}
