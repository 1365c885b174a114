import type { IRedisService } from "../../../domain/interfaces/redis/IRedisService.js"
import type { SessionData } from "../../../domain/interfaces/session/ISessionService.js"
import { endsAt } from "../../../domain/session/deadlines.js"
import { ownerOf, type Proof, type SessionRecord } from "../../../domain/session/record.js"
import { formatHandle, type Handle } from "../../../domain/session/ticket.js"
import { isSameText } from "../../../shared/constant-time.js"
import { ReadBatch } from "../../redis/reads/batch.js"
import { NearCache } from "../../redis/reads/near-cache.js"
import type { TrackedLink } from "../../redis/reads/TrackedLink.js"
import { TrackedNodes } from "../../redis/reads/TrackedNodes.js"
import { WatchedWrites } from "../../redis/reads/WatchedWrites.js"
import type { SessionKeys } from "../../redis/session-keys.js"
import type { StepOptions } from "../CallStep.js"
import type { NearCacheSettings } from "./near-cache-settings.js"
import { decodeRecord } from "./record-json.js"
import type { SessionSettings } from "./session-settings.js"

/** A record is read anew when it was read so long ago, whatever was heard of it, in milliseconds. */
const LONGEST_KEPT_MS = 5_000

/** What a session of this length takes in memory: measured, see docs/adr/0022-near-cache.md. */
const bytesOf = (text: string): number => 2_000 + 3 * text.length

/** A record that was read, and what is served of it once its secret was proved. */
interface KeptSession<A extends object> {
  /** Only until it is served. */
  record: SessionRecord | null
  /** The token last proved. */
  token: string
  answer: Promise<SessionData<A>> | null
  readonly owner: string | null
  readonly readAt: number
  /** By the server's clock, in milliseconds. */
  endsAt: number
  readonly touchAt: number
  /** Over which it was read. */
  readonly link: TrackedLink
}

/** What a fetch brought, and what it takes in memory. */
interface Fetched {
  readonly record: SessionRecord
  readonly bytes: number
}

interface KeptSessionsOptions {
  readonly redis: IRedisService
  readonly keys: SessionKeys
  readonly bounds: NearCacheSettings
  readonly settings: Pick<SessionSettings, "keyPrefix" | "timeoutMs" | "touchInterval">
  readonly onServing: (serving: boolean, reason: string) => void
}

const HANDLE_LENGTH = 26
const TOKEN_LENGTH = 70

/** Sessions that this process has read lately, served from its memory as long as the server is known not to have changed them. */
export class KeptSessions<A extends object> {
  readonly #cache: NearCache<KeptSession<A>>
  readonly #nodes: TrackedNodes<Handle, Fetched>
  /** Where the client cannot tell who keeps a key. */
  readonly #untracked: ReadBatch<Handle, Fetched>
  readonly #keys: SessionKeys
  readonly #touchInterval: number

  constructor({ redis, keys, bounds, settings, onServing }: KeptSessionsOptions) {
    const { tracking } = redis
    if (tracking === undefined) throw new TypeError("Expected a Redis service that was connected for a near-cache.")
    const { keyPrefix, timeoutMs, touchInterval } = settings
    this.#cache = new NearCache({ ...bounds, ownerOf: ({ owner }) => owner })
    this.#keys = keys
    this.#touchInterval = touchInterval
    this.#untracked = new ReadBatch(redis, decode)
    this.#nodes = new TrackedNodes({
      redis,
      tracking,
      keyPrefix,
      leaseLength: bounds.lease,
      patience: timeoutMs / 4,
      decode,
      onInvalidated: (key) => (key === null ? this.#cache.forgetAll() : this.#forgetKeys([key])),
      onUntracked: (untracked) => this.#forgetKeys(untracked),
      onLapse: (link) => this.#cache.forgetWhere((kept) => kept.link === link),
      onServing,
    })
    // On a cluster it tells nothing of the other nodes, and each says itself that its slots have moved.
    if (redis.singleNode) redis.onDisruption(() => this.#nodes.renew())
  }

  /** The session of a token that was proved here before, or nothing: then the store is to be asked. */
  recall(token: unknown, touches: boolean): Promise<SessionData<A>> | undefined {
    if (typeof token !== "string" || token.length !== TOKEN_LENGTH) return undefined
    const kept = this.#cache.get(token.slice(0, HANDLE_LENGTH))
    if (kept === undefined || kept.answer === null) return undefined
    const now = performance.now()
    const { link } = kept
    if (now > link.lease.until) {
      link.lapse()
      return undefined
    }
    if (now - kept.readAt > LONGEST_KEPT_MS) return undefined
    const serverTime = now + link.lease.serverAhead
    if (serverTime >= kept.endsAt || (touches && serverTime >= kept.touchAt)) return undefined
    return isSameText(token, kept.token, HANDLE_LENGTH) ? kept.answer : undefined
  }

  /** Reads a record, and keeps it unless something was heard of it meanwhile. @throws ERR_SESSION_CORRUPT */
  async find(handle: Handle, { signal }: StepOptions): Promise<SessionRecord | null> {
    const key = this.#keys.session(handle)
    const node = this.#nodes.of(key)
    const flight = this.#cache.begin(formatHandle(handle))
    try {
      const fetched = await (node?.reads ?? this.#untracked).get(handle, key, signal)
      if (fetched === null) return null
      const { record, bytes } = fetched
      if (node !== undefined) this.#cache.land(flight, this.#unproved(record, flight.beganAt, node.link), bytes)
      return record
    } finally {
      this.#cache.end(flight)
    }
  }

  #unproved(record: SessionRecord, readAt: number, link: TrackedLink): KeptSession<A> {
    const touchAt = record.lastAccessedAt + Math.min(this.#touchInterval, record.slack)
    return { record, token: "", answer: null, owner: ownerOf(record.fixed), readAt, endsAt: endsAt(record), touchAt, link }
  }

  /** Lets a record that is kept be served from now on to whoever brings the same token. */
  keep(record: SessionRecord, token: string, proof: Proof, session: SessionData<A>): void {
    const kept = this.#cache.get(formatHandle(record))
    if (kept?.record !== record) return
    kept.record = null
    kept.token = token
    kept.answer = Promise.resolve(session)
    // A secret in grace is good for less long than its session.
    if (record.previous !== null && "verifiers" in proof && !proof.verifiers.includes(record.verifier)) {
      kept.endsAt = Math.min(kept.endsAt, record.previous.until)
    }
  }

  /** The same store, whose writes by this process are known here before their callers learn of them. */
  watching(redis: IRedisService): IRedisService {
    return new WatchedWrites(redis, (keys) => this.#forgetKeys(keys))
  }

  forget(handle: Handle): void {
    this.#cache.forget(formatHandle(handle))
  }

  #forgetKeys(keys: readonly string[]): void {
    for (const key of keys) {
      const handle = this.#keys.parseSession(key)
      if (handle !== null) this.forget(handle)
    }
  }

  forgetUser(owner: string): void {
    this.#cache.forgetOwned(owner)
  }

  stop(): void {
    this.#nodes.stop()
  }
}

function decode(handle: Handle, text: string): Fetched {
  return { record: decodeRecord(handle, text), bytes: bytesOf(text) }
}
