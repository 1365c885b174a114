/** A reply as scripts and commands give it here: integers, strings, nothing, or lists of them. */
export type RedisReply = string | number | null | readonly RedisReply[]

/** A script of `lua/`: its source and the SHA-1 by which the server knows it. */
export interface RedisScript {
  readonly name: string
  readonly source: string
  readonly sha1: string
  /** Changes nothing, so that sending it twice does no harm. */
  readonly readOnly: boolean
}

/** How the servers are reached, as far as it is known without asking them. */
export interface RedisConnection {
  /** Over TLS; `null`: not known. */
  readonly encrypted: boolean | null
  /** Those that the URL or the client names; empty: not known. */
  readonly hosts: readonly string[]
}

/** Hears of one tracked connection. */
export interface TrackingListener {
  /** A key that was read over the connection has changed since; `null`: any may have. */
  invalidated(key: string | null): void
  /** The connection is over, and nothing more will be heard on it. Called once at most. @param cause - the client's own error, if there is one */
  closed(cause?: unknown): void
}

/** A connection of its own to a primary, on which the server tells of each later change of what is read over it. */
export interface TrackedConnection {
  /** Sends a command. Rejects with the client's own error. */
  send(command: readonly string[]): Promise<unknown>
  /** Ends the connection. May be called twice; the listener hears of it if it has not yet. */
  close(): void
}

/** Where to read so that the server tells of each later change of what was read. */
export interface Tracking {
  /** The primaries by names of their own, as the client knows them now; always one without a cluster. */
  nodes(): readonly string[]
  /** The one that keeps a key, as the client knows it now; `undefined` where it cannot tell. */
  nodeOf(key: string): string | undefined
  /** Opens a connection to a primary; tracking is on when it is there. Rejects with the client's own error. */
  open(node: string, listener: TrackingListener): Promise<TrackedConnection>
}

/** Options of each command. */
export interface RedisCallOptions {
  /** Ends the wait; a command that was written may still be executed. */
  readonly signal?: AbortSignal | undefined
  /**
   * For a write that is to be kept as the service's option `durability` says: the answer waits for that, and this is called before it when the
   * write was made but could not be kept in time. Without that option nothing waits, and it is never called.
   */
  readonly onNotDurable?: (() => void) | undefined
}

/**
 * Redis or Valkey as this library needs it: a few commands, on whatever client the application uses.
 *
 * Every call ends within the service's deadline, and rejects with a `SessionError` only, or with the reason of the caller's signal:
 * `ERR_STORE_UNAVAILABLE`, `ERR_STORE_REFUSED`, `ERR_STORE_OVERLOADED`, `ERR_CLOSED` (not applied), `ERR_STORE_TIMEOUT` (no answer in time, or the
 * connection was lost before it), `ERR_STORE_PROTOCOL` (unknown). Where more is known of a failure its `outcome` says so: a read never leaves
 * anything in doubt, and a script that was refused in the middle does.
 * Keys that are sent together lie in one cluster slot, except those of `mget`.
 */
export interface IRedisService {
  /** All keys lie on one node, so that a single MGET reaches them. */
  readonly singleNode: boolean
  readonly connection: RedisConnection
  /** The value of a key; `null` where there is none, or one that is no string. */
  get(key: string, options?: RedisCallOptions): Promise<string | null>
  /** Values in the order of the keys. On a cluster a GET for each, one pipeline a node. */
  mget(keys: readonly string[], options?: RedisCallOptions): Promise<readonly (string | null)[]>
  /** UNLINKs each key on its own, in one pipeline; which of them existed. */
  unlink(keys: readonly string[], options?: RedisCallOptions): Promise<readonly boolean[]>
  /** Runs a script by its SHA-1, or by its source where the server has not seen it. `keys` are the declared keys; the first one routes. */
  run(script: RedisScript, keys: readonly string[], args: readonly (string | number)[], options?: RedisCallOptions): Promise<RedisReply>
  /** The server's time in microseconds. */
  time(options?: RedisCallOptions): Promise<number>
  /** One step of a walk over the keyspace. `node` counts from 0. `cursor` "0" begins; "0" in the answer ends that node. */
  scan(
    node: number,
    cursor: string,
    match: string,
    count: number,
    options?: RedisCallOptions,
  ): Promise<{ readonly cursor: string; readonly keys: readonly string[] }>
  /** Sends a command that changes nothing to one node, counted as in `scan`. A map in its answer becomes a list of names and values. */
  ask(node: number, command: readonly string[], options?: RedisCallOptions): Promise<RedisReply>
  /** With what each change waits for replicas or the disk, and the key that is written for it; missing where none waits. */
  readonly waiting?: { readonly command: "WAIT" | "WAITAOF"; readonly key: string } | undefined
  /** Where the near-cache reads, if it was asked for. */
  readonly tracking?: Tracking | undefined
  /** The names of the nodes that a walk has to visit, on a cluster the primaries, in the order in which `scan` and `ask` count them. */
  nodes(): Promise<readonly string[]>
  /** On a cluster it is enough that one primary answers. */
  ping(options?: RedisCallOptions): Promise<void>
  /**
   * A mark to compare with a later one: when they differ, or when this is `null`, the client may have sent a command a second time in between
   * (after a reconnect, without saying so), and a reply may be that of the second execution.
   */
  resendMark(): number | null
  /**
   * Calls the listener, until `close()`, whenever the next answer may come from a server that lacks the last writes: a connection was made anew,
   * the primary changed, or a call failed in a way that may mean either. Often called without need.
   */
  onDisruption(listener: () => void): void
  /** Waits for the calls under way, then frees what this adapter opened. A client that was handed in stays open. Later calls are `ERR_CLOSED`. */
  close(): Promise<void>
}
