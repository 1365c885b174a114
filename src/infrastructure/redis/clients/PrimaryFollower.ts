import { EventEmitter } from "node:events"
import type { NodeRedisCommandOptions, NodeRedisLike } from "./client-shapes.js"
import type { MakeClient, OwnClient } from "./own-clients.js"
import { type PrimaryView, primaryViewOf, sentinelsNamedIn } from "./sentinel-replies.js"
import type { SentinelAddress, StoreNode } from "./store-url.js"

/** How often the Sentinels are asked who the primary is. */
const ASK_EVERY_MS = 1_000
/** How long one of them may take. */
const SENTINEL_ANSWERS_MS = 2_000
/** How long the others are waited for when the first has answered. */
const OTHERS_ANSWER_MS = 200
const PRIMARY_CONNECTS_MS = 2_000
/** One that was learned of, that no other names any more, and that did not answer for so long is gone. */
const FORGOTTEN_AFTER_MS = 30_000

/**
 * A client of node-redis's plain shape that always speaks to the primary which the Sentinels name. It asks all of them each second, each over a connection
 * of its own, so that neither a Sentinel that hangs nor a message that was lost keeps it at the old primary. The word of the latest failover counts.
 *
 * The library's own Sentinel client is not used for URLs: one Sentinel that hangs stops all its calls, and nobody learns whether a call was sent.
 */
export class PrimaryFollower extends EventEmitter implements OwnClient {
  readonly client = this
  readonly #make: MakeClient
  readonly #address: SentinelAddress
  readonly #sentinels = new Map<string, Sentinel>()
  /** Those that the address names. */
  readonly #given: ReadonlySet<string>
  /** Whether there was ever more than one: then one alone is never most of them. */
  #hadOthers = false
  /** The latest failover that was heard of. */
  #epoch = 0
  #primary: { readonly place: string; readonly own: OwnClient; connected: boolean } | undefined
  #isEnded = false
  #timer: NodeJS.Timeout | undefined
  #asking: Promise<void> | undefined

  /** @param make - makes a client of one server, by `@redis/client` or `redis` */
  constructor(make: MakeClient, address: SentinelAddress) {
    super()
    this.#make = make
    this.#address = address
    this.#given = new Set(address.nodes.map(placeOf))
    for (const node of address.nodes) this.#know(node)
  }

  get isOpen(): boolean {
    return !this.#isEnded
  }

  get isReady(): boolean {
    return this.#primary?.connected === true
  }

  sendCommand(args: readonly string[], options: NodeRedisCommandOptions): Promise<unknown> {
    if (!this.#primary?.connected) return Promise.reject(offline())
    return (this.#primary.own.client as NodeRedisLike).sendCommand(args, options)
  }

  withTypeMapping(): this {
    return this
  }

  /** Those of the client of the primary. */
  get options(): object | undefined {
    return (this.#primary?.own.client as { readonly options?: object } | undefined)?.options
  }

  /** A client of the server that is the primary now. */
  duplicate(overrides: object): unknown {
    if (!this.#primary?.connected) throw offline()
    return (this.#primary.own.client as unknown as { duplicate(overrides: object): unknown }).duplicate(overrides)
  }

  async connect(): Promise<void> {
    await this.#follow()
    this.#askLater()
  }

  /** Leaves the connection to the primary, on which nothing was heard, and makes another to the server that the Sentinels name now. */
  renew(): void {
    if (this.#isEnded) return
    this.#primary?.own.renew?.()
    void this.#follow().catch(() => undefined)
  }

  destroy(): void {
    this.#isEnded = true
    clearTimeout(this.#timer)
    this.#primary?.own.destroy()
    this.#primary = undefined
    for (const sentinel of this.#sentinels.values()) sentinel.leave()
  }

  #know(node: StoreNode): void {
    const place = placeOf(node)
    if (!this.#sentinels.has(place)) this.#sentinels.set(place, new Sentinel(this.#make, this.#address, node))
  }

  #askLater(): void {
    if (this.#isEnded) return
    this.#timer = setTimeout(
      () =>
        void this.#follow()
          .catch(() => undefined)
          .finally(() => this.#askLater()),
      ASK_EVERY_MS,
    ).unref()
  }

  #follow(): Promise<void> {
    this.#asking ??= this.#moveTo().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #moveTo(): Promise<void> {
    const view = await this.#askAll()
    const place = placeOf(view)
    if (this.#isEnded || this.#primary?.place === place) return
    // Calls that wait at the old primary end now, and new ones are refused unsent.
    this.#primary?.own.destroy()
    const { username, password, tls, database } = this.#address
    const primary = { place, own: this.#make({ host: view.host, port: view.port, tls, username, password, database }), connected: false }
    this.#primary = primary
    const { client } = primary.own as unknown as { readonly client: EventEmitter }
    for (const event of ["ready", "reconnecting", "end"]) client.on(event, () => this.emit(event))
    try {
      await within(PRIMARY_CONNECTS_MS, primary.own.connect())
      primary.connected = true
    } catch (error) {
      primary.own.destroy()
      if (this.#primary === primary) this.#primary = undefined
      throw error
    }
    if (this.#isEnded) primary.own.destroy()
  }

  async #askAll(): Promise<PrimaryView> {
    const views: PrimaryView[] = []
    const errors: unknown[] = []
    let wake: () => void = () => undefined
    const first = new Promise<void>((resolve) => {
      wake = resolve
    })
    const asked = [...this.#sentinels.values()].map((sentinel) =>
      within(SENTINEL_ANSWERS_MS, sentinel.ask()).then(
        (view) => {
          views.push(view)
          wake()
        },
        (error: unknown) => {
          sentinel.leave()
          errors.push(error)
        },
      ),
    )
    const all = Promise.all(asked)
    await Promise.race([all, first.then(() => within(OTHERS_ANSWER_MS, all).catch(() => undefined))])
    const [latest] = views.sort((a, b) => b.epoch - a.epoch)
    if (latest === undefined) throw errors.find(saysWhy) ?? errors[0]
    this.#learn(views)
    // One that missed a failover, and answers before the others do, must not lead back to the old primary.
    const isMinority = views.length * 2 <= this.#sentinels.size || (views.length === 1 && this.#hadOthers)
    if (latest.epoch < this.#epoch && isMinority) throw new Error("no Sentinel that knows of the latest failover answered")
    this.#epoch = latest.epoch
    return latest
  }

  /** Where all Sentinels were replaced, those that are gone must not count as a majority that does not answer. */
  #learn(views: readonly PrimaryView[]): void {
    const named = views.flatMap(({ otherSentinels }) => otherSentinels)
    for (const node of named) this.#know(node)
    this.#hadOthers ||= this.#sentinels.size > 1
    const places = new Set(named.map(placeOf))
    for (const [place, sentinel] of this.#sentinels) {
      if (this.#given.has(place) || places.has(place) || performance.now() - sentinel.heardAt < FORGOTTEN_AFTER_MS) continue
      sentinel.leave()
      this.#sentinels.delete(place)
    }
  }
}

/** One Sentinel, with a connection that is made when it is asked. */
class Sentinel {
  readonly #make: () => OwnClient
  readonly #primaryName: string
  #connection: { readonly own: OwnClient; readonly connected: Promise<void> } | undefined
  /** When it answered last, or was learned of. */
  heardAt = performance.now()

  constructor(make: MakeClient, { primaryName, sentinelUsername, sentinelPassword, tls }: SentinelAddress, node: StoreNode) {
    this.#primaryName = primaryName
    this.#make = () => make({ host: node.host, port: node.port, tls, username: sentinelUsername, password: sentinelPassword, database: 0 })
  }

  async ask(): Promise<PrimaryView> {
    if (this.#connection === undefined) {
      const own = this.#make()
      this.#connection = { own, connected: own.connect() }
    }
    const { own, connected } = this.#connection
    await connected
    const { sendCommand } = own.client as NodeRedisLike
    const send = (what: string): Promise<unknown> => sendCommand.call(own.client, ["sentinel", what, this.#primaryName], { typeMapping: {} })
    const [primary, sentinels] = await Promise.all([send("master"), send("sentinels")])
    this.heardAt = performance.now()
    return primaryViewOf(primary, sentinelsNamedIn(sentinels))
  }

  leave(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.connected.catch(() => undefined)
    connection?.own.destroy()
  }
}

function offline(): Error {
  return new Error("The client is offline: no primary is connected")
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("no answer in time")), milliseconds).unref()
  })
  try {
    return await Promise.race([work, timeUp])
  } finally {
    clearTimeout(timer)
  }
}

/** A reply, or a socket's error, tells more than a wait that was ended. */
function saysWhy(error: unknown): boolean {
  return error instanceof Error && ("code" in error || /^[A-Z]{3}/.test(error.message))
}

function placeOf({ host, port }: StoreNode): string {
  return `${host}:${port}`
}
