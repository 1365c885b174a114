import type { RedisReply } from "../../../domain/interfaces/redis/IRedisService.js"
import { isRedirectedTooOften, lastRedirection, lostAgainAndAgain, neverWritten } from "../failures/classify.js"
import { ClientRedisService, type ClientServiceOptions } from "./ClientRedisService.js"
import type { IoRedisFeatures, IoRedisLike } from "./client-shapes.js"
import { keySlot } from "./key-slot.js"
import { NodePipelines } from "./NodePipelines.js"
import { normaliseReply } from "./replies.js"
import { listenTo } from "./shared-listeners.js"
import { addressOf, type Primary, primariesOf, type RecognisedClient } from "./topology.js"

type RecognisedIoRedis = Extract<RecognisedClient, { readonly library: "ioredis" }>

/** `IRedisService` over a client or cluster of ioredis 5 or 6, or of iovalkey. */
export class IoRedisService extends ClientRedisService {
  readonly singleNode: boolean
  readonly #recognised: RecognisedIoRedis
  readonly #numbersAsText: boolean
  readonly #bytesTellText: boolean
  readonly #watchesAll: boolean
  /** The nodes of a cluster, and what ends the listening to each. */
  readonly #watched = new Map<WatchableNode, readonly (() => void)[]>()
  readonly #pipelines: NodePipelines | undefined
  readonly #stopListening: (() => void)[] = []
  #closes = 0
  #readies = 0
  readonly #onClose = (): void => {
    this.#closes++
    this.disrupted()
  }
  readonly #onReady = (): void => {
    this.#readies++
    this.disrupted()
  }

  /**
   * @param recognised - from `recogniseClient`
   * @param options - `timeoutMs` of each call; `own` for a client of this library's own
   */
  constructor(recognised: RecognisedIoRedis, options: ClientServiceOptions) {
    super(options)
    const { client, form } = recognised
    this.#recognised = recognised
    this.singleNode = form === "client"
    this.#pipelines = this.singleNode ? undefined : new NodePipelines(this.#watched)
    const clientOptions = form === "cluster" ? { ...client.options, ...client.options?.redisOptions } : client.options
    this.#numbersAsText = clientOptions?.stringNumbers === true
    // Automatic pipelining loses the command's name when bytes are asked for.
    this.#bytesTellText = this.#numbersAsText && client.callBuffer !== undefined && client.options?.enableAutoPipelining !== true
    this.#listenTo(client, "close", this.#onClose)
    this.#listenTo(client, "ready", this.#onReady)
    this.#watchesAll = form === "client" || this.#watchCluster()
  }

  /**
   * Counts lost connections, those of a cluster's nodes too: by default the client sends unanswered commands again after the next one is made,
   * and never without having lost one. `null` for a cluster whose nodes cannot be watched.
   */
  resendMark(): number | null {
    return this.#watchesAll ? this.#closes : null
  }

  #watchNode = (node: unknown): void => {
    if (!canBeWatched(node) || this.#watched.has(node)) return
    // A replica is connected to when it has become the primary.
    this.#watched.set(node, [listenTo(node, "close", this.#onClose), listenTo(node, "ready", () => this.disrupted())])
  }

  // The client makes a node anew for each connection that it makes.
  #leaveNode = (node: unknown): void => {
    for (const stop of this.#watched.get(node as WatchableNode) ?? []) stop()
    this.#watched.delete(node as WatchableNode)
  }

  /** Whether each connection on which a command may be sent again is watched. */
  #watchCluster(): boolean {
    const { client } = this.#recognised
    const nodes = client.nodes?.("all") ?? []
    if (client.nodes === undefined || !nodes.every(canBeWatched)) return false
    for (const node of nodes) this.#watchNode(node)
    this.#listenTo(client, "+node", this.#watchNode)
    this.#listenTo(client, "-node", this.#leaveNode)
    return true
  }

  protected send(_key: string | undefined, args: readonly string[], _signal: AbortSignal): Promise<unknown> {
    this.#pipelines?.hold()
    return this.#call(this.#recognised.client, args)
  }

  protected nodeOf(key: string): string | undefined {
    return this.#recognised.client.slots?.[keySlot(key)]?.[0]
  }

  /**
   * While a node is away, ioredis asks the others, which send it back there, until it gives up: by chance its last error is a lost connection or an
   * answer of the others. Nodes that only send it from one to another lose no connection.
   */
  protected override causeOf(error: unknown, key: string, mark: number | null): unknown {
    if (!this.#watchesAll || mark === this.#closes || !isRedirectedTooOften(error)) return error
    const address = lastRedirection(error) ?? this.nodeOf(key)
    return this.#isConnectedTo(address) ? error : lostAgainAndAgain()
  }

  #isConnectedTo(address: string | undefined): boolean {
    const nodes: readonly (IoRedisLike & IoRedisFeatures)[] = this.#recognised.client.nodes?.("all") ?? []
    return nodes.some((node) => node.status === "ready" && addressOf(node) === address)
  }

  protected primaries(): readonly Primary[] {
    return primariesOf(this.#recognised, (node, args) => this.#call(node as IoRedisLike & IoRedisFeatures, args))
  }

  // With integers as text, and text as bytes, the two can still be told apart.
  #call(client: IoRedisLike & IoRedisFeatures, args: readonly string[]): Promise<unknown> {
    return this.#bytesTellText && client.callBuffer ? client.callBuffer(...args) : client.call(...args)
  }

  protected override replyOf(raw: unknown): RedisReply {
    return normaliseReply(raw, this.#numbersAsText)
  }

  /**
   * A command given to a client without a ready connection waits in the client until there is one: before that it is certainly not written.
   * What the error says can be trusted only while no connection was lost, because a command that is sent again may fail the second time.
   */
  protected watchSending(): (error: unknown) => boolean {
    const { client, form } = this.#recognised
    const wasReady = client.status === "ready"
    const readies = this.#readies
    const closes = this.#closes
    return (error) => {
      if (!wasReady) return this.#readies === readies
      return form === "client" && this.#closes === closes && neverWritten(error)
    }
  }

  protected detach(): void {
    for (const stop of this.#stopListening) stop()
    for (const node of [...this.#watched.keys()]) this.#leaveNode(node)
  }

  #listenTo(...of: Parameters<typeof listenTo>): void {
    this.#stopListening.push(listenTo(...of))
  }
}

interface WatchableNode {
  on(event: string, listener: (detail: unknown) => void): unknown
  removeListener(event: string, listener: (detail: unknown) => void): unknown
}

function canBeWatched(node: unknown): node is WatchableNode {
  return typeof node === "object" && node !== null && "on" in node && typeof node.on === "function" && "removeListener" in node
}
