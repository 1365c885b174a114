import { SessionError } from "../../../domain/errors.js"
import { neverWritten } from "../failures/classify.js"
import { ClientRedisService, type ClientServiceOptions, type Send } from "./ClientRedisService.js"
import type { NodeRedisCommandOptions, NodeRedisLike } from "./client-shapes.js"
import { keySlot } from "./key-slot.js"
import { listenTo } from "./shared-listeners.js"
import { type NodeRedisForm, type Primary, primariesOf, type RecognisedClient } from "./topology.js"

/** What each form says when it has connected to a server anew. A pool says nothing. */
const READY_EVENTS: Readonly<Record<NodeRedisForm, readonly string[]>> = {
  client: ["ready"],
  pool: [],
  cluster: ["node-ready"],
  sentinel: ["ready", "topology-change"],
}

type RecognisedNodeRedis = Extract<RecognisedClient, { readonly library: "node-redis" }>

/** `IRedisService` over a client, pool, cluster or sentinel of node-redis 5.8 to 6. */
export class NodeRedisService extends ClientRedisService {
  readonly singleNode: boolean
  readonly #recognised: RecognisedNodeRedis
  readonly #stopListening: readonly (() => void)[]

  /**
   * @param recognised - from `recogniseClient`
   * @param options - `timeoutMs` of each call; `own` for a client of this library's own
   */
  constructor(recognised: RecognisedNodeRedis, options: ClientServiceOptions) {
    super(options)
    this.#recognised = recognised
    this.singleNode = recognised.form !== "cluster"
    this.#stopListening = READY_EVENTS[recognised.form].map((event) => listenTo(recognised.client, event, () => this.disrupted()))
  }

  /** Always the same, because this library never sends a written command again; `null` for its sentinel form, which does so after a lost connection. */
  resendMark(): number | null {
    return this.#recognised.form === "sentinel" ? null : 0
  }

  protected send(key: string | undefined, args: readonly string[], signal: AbortSignal): Promise<unknown> {
    const { client, form } = this.#recognised
    // A closed cluster or sentinel fails in ways of its own, the latter by an endless loop.
    if (client.isOpen === false) return Promise.reject(notConnected())
    const options = commandOptions(signal)
    if (form === "cluster") return client.sendCommand(key, false, args, options)
    if (form === "sentinel") return client.sendCommand(false, args, options)
    return client.sendCommand(args, options)
  }

  protected override together<T>(work: (send: Send) => Promise<T>, send: Send): Promise<T> {
    const { client, form } = this.#recognised
    if (form !== "pool" || client.isOpen === false || !client.execute) return super.together(work, send)
    return client.execute((one) => work((_key, args, signal) => one.sendCommand(args, commandOptions(signal))))
  }

  protected nodeOf(key: string): string | undefined {
    return this.#recognised.client.slots?.[keySlot(key)]?.master?.address
  }

  protected primaries(): readonly Primary[] {
    return primariesOf(this.#recognised, (node, args, signal) => (node as NodeRedisLike).sendCommand(args, commandOptions(signal)))
  }

  protected watchSending(): (error: unknown) => boolean {
    return this.#recognised.form === "sentinel" ? isNotConnected : neverWritten
  }

  protected detach(): void {
    for (const stop of this.#stopListening) stop()
  }
}

/**
 * Options of each command, over whatever the application gave its client: plain replies; no timer of the client's own, which costs more than
 * the command and covers only the time before it is written; and a signal, so that a command that waits for a connection is not sent later.
 */
function commandOptions(abortSignal: AbortSignal): NodeRedisCommandOptions {
  return { typeMapping: {}, timeout: undefined, abortSignal }
}

function notConnected(): SessionError {
  return new SessionError("ERR_STORE_UNAVAILABLE", "The client is not connected. Call its connect() first, and close it only after this service.")
}

function isNotConnected(error: unknown): boolean {
  return SessionError.is(error, "ERR_STORE_UNAVAILABLE")
}
