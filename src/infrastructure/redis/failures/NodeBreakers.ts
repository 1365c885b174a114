import { Breaker } from "./Breaker.js"

/** What the breakers of a cluster's nodes can ask for. */
export interface NodeBreakerActions {
  /** The node that serves a key, as the client knows it now; `undefined` where it cannot be told. */
  nodeOf(key: string): string | undefined
  /** Reads a key, whatever its node's breaker says; tells `answered` or `failed`, and resolves either way, in bounded time. */
  probe(key: string): Promise<void>
  /** Makes the connection to a node anew, where it is this library's own. */
  renew(node: string): void
  /** Has the other nodes asked who serves what. */
  lookAround(node: string): void
}

interface SilentNode {
  readonly breaker: Breaker
  key: string
}

/**
 * A breaker for each node of a cluster that does not answer: one silent node refuses its own calls, and no others. A node that answers has none, so that
 * a healthy cluster costs nothing. A node is asked by the key of a call that failed, which a failover moves to another node: then the breaker is
 * dropped.
 */
export class NodeBreakers {
  readonly #actions: NodeBreakerActions
  readonly #silent = new Map<string, SilentNode>()
  #stopped = false

  constructor(actions: NodeBreakerActions) {
    this.#actions = actions
  }

  /** Whether a call for this key is to be refused. */
  refuses(key: string): boolean {
    return this.#silent.size > 0 && this.#of(key)?.breaker.isOpen === true
  }

  /** The node of this key was heard. */
  answered(key: string): void {
    if (this.#silent.size === 0) return
    const node = this.#actions.nodeOf(key)
    if (node !== undefined) this.#drop(node)
  }

  /** A call ended without any reply of the nodes of these keys. @param beganAt - when it began, by `performance.now()` */
  failed(keys: Iterable<string>, beganAt: number): void {
    if (this.#stopped) return
    const keyOf = new Map<string, string>()
    for (const key of keys) {
      const node = this.#actions.nodeOf(key)
      if (node !== undefined) keyOf.set(node, key)
    }
    for (const [node, key] of keyOf) this.#silentNode(node, key).breaker.failed(beganAt)
  }

  /** Probes no more. */
  stop(): void {
    this.#stopped = true
    for (const node of this.#silent.keys()) this.#drop(node)
  }

  #of(key: string): SilentNode | undefined {
    const node = this.#actions.nodeOf(key)
    return node === undefined ? undefined : this.#silent.get(node)
  }

  #silentNode(node: string, key: string): SilentNode {
    const known = this.#silent.get(node)
    if (known) {
      known.key = key
      return known
    }
    const breaker = new Breaker({ probe: () => this.#probe(node), renew: () => this.#actions.renew(node) })
    const made = { breaker, key }
    this.#silent.set(node, made)
    return made
  }

  #drop(node: string): void {
    this.#silent.get(node)?.breaker.stop()
    this.#silent.delete(node)
  }

  async #probe(node: string): Promise<void> {
    const silent = this.#silent.get(node)
    if (silent === undefined) return
    // Its slots are with another node now.
    if (this.#actions.nodeOf(silent.key) !== node) return this.#drop(node)
    this.#actions.lookAround(node)
    await this.#actions.probe(silent.key)
  }
}
