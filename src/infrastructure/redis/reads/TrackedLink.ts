import { setImmediate as nextTurn } from "node:timers/promises"
import type { TrackedConnection, TrackingListener } from "../../../domain/interfaces/redis/IRedisService.js"
import { reconnectDelay } from "../clients/reconnect-delay.js"
import { replyWord, socketCode } from "../failures/classify.js"
import { Lease } from "./lease.js"
import { serverTimeOf, slotsOf } from "./lease-probe.js"

/** A connection on which nothing was heard for so long is left, or for a lease if that is longer, in milliseconds. */
const SILENT_MS = 1_000

/** Settings of a link. */
export interface LinkOptions {
  readonly open: (listener: TrackingListener) => Promise<TrackedConnection>
  /** In milliseconds. */
  readonly leaseLength: number
  /** What is asked each third of a lease; asked for when a connection is there. */
  readonly probe: () => readonly (readonly string[])[]
  /** A key that was read has changed; `null`: any may have. */
  readonly onInvalidated: (key: string | null) => void
  /** The lease is over. Called before anything else is done about it. */
  readonly onLapse: () => void
  /** @param reason - a word of the server's or the socket's, or one of this class's */
  readonly onServing: (serving: boolean, reason: string) => void
}

/** Keeps a tracked connection open to whatever server is the primary, and the lease renewed while it answers. */
export class TrackedLink {
  readonly lease: Lease
  readonly #options: LinkOptions
  #connection: TrackedConnection | null = null
  #probes: readonly (readonly string[])[] = []
  /** Who keeps which slots, as the server said first on this connection. */
  #slots: string | null = null
  /** Counts connections and attempts, so that what comes late of an earlier one is known for that. */
  #round = 0
  #attempt = 0
  #heardAt = 0
  #serving: boolean | null = null
  #retry: NodeJS.Timeout | undefined
  #ticker: NodeJS.Timeout | undefined

  constructor(options: LinkOptions) {
    this.#options = options
    this.lease = new Lease(options.leaseLength)
    this.#ticker = setInterval(() => void this.#tick(), options.leaseLength / 3).unref()
    void this.#connect()
  }

  /** Sends a command over the connection. Rejects where there is none. */
  send(command: readonly string[]): Promise<unknown> {
    return this.#connection?.send(command) ?? Promise.reject(new Error("The client is offline"))
  }

  /** Leaves the connection and makes another, because another server may be the primary now. */
  renew(): void {
    // One that is still to be made goes to the right server.
    if (this.#retry === undefined) this.#lost("renewed")
  }

  /** The lease was found to be over. */
  lapse(): void {
    if (this.#serving !== true) return
    this.lease.end()
    this.#options.onLapse()
    this.#report(false, "lapsed")
  }

  stop(): void {
    clearInterval(this.#ticker)
    this.#ticker = undefined
    this.#leave()
    clearTimeout(this.#retry)
  }

  get #stopped(): boolean {
    return this.#ticker === undefined
  }

  async #connect(): Promise<void> {
    this.#retry = undefined
    const round = ++this.#round
    const isCurrent = (): boolean => round === this.#round
    try {
      const connection = await this.#options.open({
        invalidated: (key) => isCurrent() && this.#options.onInvalidated(key),
        closed: (cause) => isCurrent() && this.#lost(wordOf(cause)),
      })
      if (!isCurrent()) {
        connection.close()
        return
      }
      this.#connection = connection
      this.#probes = this.#options.probe()
      this.#slots = null
      this.#heardAt = performance.now()
      await this.#probe()
    } catch (error) {
      if (isCurrent()) this.#lost(wordOf(error))
    }
  }

  #leave(): void {
    const connection = this.#connection
    this.#round += 1
    this.#connection = null
    this.lease.end()
    this.#options.onLapse()
    connection?.close()
  }

  #lost(reason: string): void {
    if (this.#stopped) return
    this.#leave()
    this.#report(false, reason)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.#connect(), reconnectDelay(this.#attempt)).unref()
    this.#attempt += 1
  }

  async #tick(): Promise<void> {
    if (this.#connection === null) return
    if (performance.now() > this.lease.until) this.lapse()
    void this.#probe()
    if (!this.#isSilent()) return
    // This process may have been busy, and the answers lie in the socket.
    const round = this.#round
    await nextTurn()
    if (round === this.#round && this.#isSilent()) this.#lost("silent")
  }

  #isSilent(): boolean {
    return performance.now() - this.#heardAt > Math.max(SILENT_MS, this.#options.leaseLength)
  }

  async #probe(): Promise<void> {
    const round = this.#round
    const sentAt = performance.now()
    const answers = await Promise.allSettled(this.#probes.map((command) => this.send(command)))
    if (round !== this.#round) return
    // ASK: the slot of the key is moving, and the node speaks for it still.
    const failed = answers.find((answer) => answer.status === "rejected" && replyWord(answer.reason) !== "ASK") as PromiseRejectedResult | undefined
    // A connection that broke says so itself.
    if (failed === undefined || replyWord(failed.reason) !== undefined) this.#heardAt = performance.now()
    if (failed !== undefined) return this.#refused(wordOf(failed.reason))
    const told = answers.map((answer) => (answer.status === "fulfilled" ? answer.value : null))
    const serverTime = serverTimeOf(told)
    // Whoever the primary is now, it is another server.
    if (serverTime === null) return this.#lost("not-primary")
    const slots = slotsOf(told)
    this.#slots ??= slots
    // What a node gave away it may not tell of.
    if (slots !== this.#slots) return this.#lost("slots-moved")
    this.#attempt = 0
    this.lease.renew(sentAt, serverTime)
    if (performance.now() <= this.lease.until) this.#report(true, "answered")
  }

  /** What was answered by an error renews nothing, and the lease runs out. */
  #refused(reason: string): void {
    if (this.#serving === null) this.#report(false, reason)
  }

  #report(serving: boolean, reason: string): void {
    if (this.#serving === serving) return
    this.#serving = serving
    this.#options.onServing(serving, reason)
  }
}

function wordOf(error: unknown): string {
  return replyWord(error) ?? (socketCode(error) || "closed")
}
