import type { IRedisService, Tracking } from "../../../domain/interfaces/redis/IRedisService.js"
import { ReadBatch } from "./batch.js"
import { leaseProbe, probeKey } from "./lease-probe.js"
import { TrackedLink } from "./TrackedLink.js"
import { TrackedReads } from "./TrackedReads.js"

/** A primary, and reads over the connection on which it tells of changes. */
export interface TrackedNode<P, T> {
  readonly link: TrackedLink
  readonly reads: ReadBatch<P, T>
}

interface TrackedNodesOptions<P, T> {
  readonly redis: IRedisService
  readonly tracking: Tracking
  readonly keyPrefix: string
  /** In milliseconds. */
  readonly leaseLength: number
  /** How long a tracked connection may take for a read, in milliseconds. */
  readonly patience: number
  /** As a `ReadBatch` has it. */
  readonly decode: (place: P, text: string) => T
  /** A key that was read has changed; `null`: any may have. */
  readonly onInvalidated: (key: string | null) => void
  /** Of these keys no change may be heard of. */
  readonly onUntracked: (keys: readonly string[]) => void
  /** What was read over this link may have changed. */
  readonly onLapse: (link: TrackedLink) => void
  /** Whether all serve. */
  readonly onServing: (serving: boolean, reason: string) => void
}

/** Each primary that the client knows of, one without a cluster. */
export class TrackedNodes<P, T> {
  readonly #options: TrackedNodesOptions<P, T>
  readonly #nodes = new Map<string, TrackedNode<P, T>>()
  readonly #serving = new Map<string, boolean>()
  #said: boolean | null = null
  #stopped = false

  constructor(options: TrackedNodesOptions<P, T>) {
    this.#options = options
    for (const name of options.tracking.nodes()) this.#add(name)
  }

  /** The one that keeps a key; `undefined` where the client cannot tell. */
  of(key: string): TrackedNode<P, T> | undefined {
    const name = this.#options.tracking.nodeOf(key)
    if (name === undefined || this.#stopped) return undefined
    return this.#nodes.get(name) ?? this.#add(name)
  }

  /** Other servers may be the primaries now. */
  renew(): void {
    for (const { link } of this.#nodes.values()) link.renew()
  }

  stop(): void {
    this.#stopped = true
    for (const { link } of this.#nodes.values()) link.stop()
  }

  #add(name: string): TrackedNode<P, T> {
    const { redis, tracking, keyPrefix, leaseLength, patience, decode, onInvalidated, onUntracked, onLapse } = this.#options
    const link: TrackedLink = new TrackedLink({
      open: (listener) => {
        this.#leaveGone()
        return tracking.open(name, listener)
      },
      leaseLength,
      probe: () =>
        leaseProbe(
          probeKey(keyPrefix, (key) => tracking.nodeOf(key) === name),
          !redis.singleNode,
        ),
      onInvalidated,
      onLapse: () => onLapse(link),
      onServing: (serving, reason) => this.#report(name, serving, reason),
    })
    const node = { link, reads: new ReadBatch(new TrackedReads({ link, redis, patience, onUntracked }), decode) }
    this.#nodes.set(name, node)
    return node
  }

  /** Asked when a connection is to be made anew, so that none is tried for ever that is no primary any more. */
  #leaveGone(): void {
    const known = this.#options.tracking.nodes()
    for (const [name, { link }] of this.#nodes) {
      if (known.length === 0 || known.includes(name)) continue
      link.stop()
      this.#nodes.delete(name)
      this.#serving.delete(name)
      this.#tell("left")
    }
  }

  #report(name: string, serving: boolean, reason: string): void {
    this.#serving.set(name, serving)
    this.#tell(reason)
  }

  #tell(reason: string): void {
    const each = [...this.#serving.values()]
    const serving = each.every(Boolean)
    // Before each was heard of, not all are known to serve.
    if (serving === this.#said || (serving && each.length < this.#nodes.size)) return
    this.#said = serving
    this.#options.onServing(serving, reason)
  }
}
