import type { Random } from "../../workloads/random.js"
import { ReplyError } from "../store/StoreEngine.js"
import type { Reply } from "../store/script.js"
import type { Answer, SimulatedServer } from "./SimulatedServer.js"
import type { Owner, VirtualTime } from "./VirtualTime.js"

/** How a client treats what it cannot write, and what it wrote on a connection that is lost. */
export interface ClientHabits {
  /** Keeps commands until there is a connection; else they are refused. */
  readonly offlineQueue: boolean
  /** Sends again, after a lost connection, what was not answered, and says nothing: the form for Sentinel. */
  readonly resends: boolean
}

/** How long messages take, in microseconds, drawn anew for each. */
export interface Network {
  requestDelay(): number
  replyDelay(): number
  reconnectDelay(): number
  /** Whether the connection is lost just when a command was carried out, before its answer. */
  losesReply(): boolean
}

interface Pending {
  readonly command: readonly string[]
  readonly signal: AbortSignal | undefined
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

interface Options {
  readonly abortSignal?: AbortSignal
}

/** One connection. Requests arrive in their order, and replies too. */
class Link {
  open = true
  silentUntil = 0
  lastArrival = 0
  lastReply = 0
  /** What came to either end while nothing could arrive, in order. */
  held: (() => void)[] = []
  /** Sent and not answered. */
  readonly unanswered: Pending[] = []
  /** On the way to the server. */
  readonly travelling = new Set<{ lost: boolean }>()
}

/** What the library takes for a client of node-redis, with one connection to a simulated server. */
export class SimulatedClient {
  readonly isOpen = true
  readonly options = {}
  readonly #time: VirtualTime
  readonly #owner: Owner
  readonly #node: number
  readonly #server: SimulatedServer
  readonly #network: Network
  readonly #random: Random
  readonly #habits: ClientHabits
  #link: Link | undefined
  readonly #waiting: Pending[] = []
  #mayConnect = true

  constructor(parts: { time: VirtualTime; owner: Owner; node: number; server: SimulatedServer; network: Network; random: Random; habits: ClientHabits }) {
    this.#time = parts.time
    this.#owner = parts.owner
    this.#node = parts.node
    this.#server = parts.server
    this.#network = parts.network
    this.#random = parts.random
    this.#habits = parts.habits
    // By the names of these methods the library tells forms of the client apart.
    if (parts.habits.resends) Object.assign(this, { getMasterNode: () => undefined })
    this.#connect()
  }

  get isReady(): boolean {
    return this.#link !== undefined
  }

  withTypeMapping(): this {
    return this
  }

  duplicate(): never {
    throw new Error("Expected the library to use the client that it was given, got a duplicate")
  }

  sendCommand(...given: readonly unknown[]): Promise<Reply> {
    const [command, options] = (this.#habits.resends ? given.slice(1) : given) as [readonly string[], Options | undefined]
    const signal = options?.abortSignal
    if (signal?.aborted) return Promise.reject(aborted())
    return new Promise((resolve, reject) => {
      const pending: Pending = { command, signal, resolve, reject }
      if (this.#link !== undefined) this.#write(this.#link, pending)
      else if (this.#habits.offlineQueue || this.#habits.resends) this.#keep(pending)
      else reject(new Error("The client is offline"))
    })
  }

  /** Nothing arrives at either end for a while, and nobody is told. */
  silence(until: number): void {
    const link = this.#link
    if (link === undefined) return
    link.silentUntil = until
    this.#time.at(until, undefined, () => {
      if (link.silentUntil > this.#time.now) return
      for (const arrive of link.held.splice(0)) arrive()
    })
  }

  /**
   * The connection is lost.
   *
   * @param fate `again`: whether a new one may be made; `arrives`: whether what was on its way arrives as far as luck has it, or nothing of it
   */
  reset({ again = true, arrives = true }: { readonly again?: boolean; readonly arrives?: boolean } = {}): void {
    this.#mayConnect = again
    const link = this.#link
    if (link === undefined) return
    this.#link = undefined
    link.open = false
    let left = arrives ? this.#random(link.travelling.size + 1) : 0
    for (const request of link.travelling) if (left-- <= 0) request.lost = true
    this.#time.after(0, this.#owner, () => this.#lose(link))
  }

  /** Connections can be made again. */
  allowConnections(): void {
    this.#mayConnect = true
    if (this.#link === undefined) this.#connectLater()
  }

  #lose(link: Link): void {
    if (this.#habits.resends) this.#waiting.unshift(...link.unanswered.splice(0))
    else for (const { reject } of link.unanswered.splice(0)) reject(new Error("Socket closed unexpectedly"))
    this.#connectLater()
  }

  #connectLater(): void {
    this.#time.after(this.#network.reconnectDelay(), this.#owner, () => {
      if (this.#mayConnect && this.#link === undefined) this.#connect()
    })
  }

  #connect(): void {
    const link = new Link()
    this.#link = link
    for (const pending of this.#waiting.splice(0)) this.#write(link, pending)
  }

  #keep(pending: Pending): void {
    this.#waiting.push(pending)
    pending.signal?.addEventListener(
      "abort",
      () => {
        const at = this.#waiting.indexOf(pending)
        if (at === -1) return
        this.#waiting.splice(at, 1)
        pending.reject(aborted())
      },
      { once: true },
    )
  }

  #write(link: Link, pending: Pending): void {
    link.unanswered.push(pending)
    const request = { lost: false }
    link.travelling.add(request)
    link.lastArrival = Math.max(link.lastArrival, this.#time.now + this.#network.requestDelay())
    this.#arriveAt(link, link.lastArrival, undefined, () => {
      if (request.lost) return
      link.travelling.delete(request)
      this.#server.receive({ command: pending.command, node: this.#node, answer: (answer) => this.#answer(link, pending, answer) })
    })
  }

  #answer(link: Link, pending: Pending, answer: Answer): void {
    if (link.open && this.#network.losesReply()) this.reset()
    link.lastReply = Math.max(link.lastReply, this.#time.now + this.#network.replyDelay())
    this.#arriveAt(link, link.lastReply, this.#owner, () => {
      if (!link.open) return
      link.unanswered.shift()
      if ("error" in answer) pending.reject(new ReplyError(answer.error))
      else pending.resolve(answer.reply)
    })
  }

  #arriveAt(link: Link, at: number, owner: Owner | undefined, run: () => void): void {
    const arrive = (): void => {
      if (link.silentUntil > this.#time.now) link.held.push(() => this.#time.after(0, owner, arrive))
      else run()
    }
    if (link.silentUntil > this.#time.now) link.held.push(() => this.#time.after(0, owner, arrive))
    else this.#time.at(at, owner, arrive)
  }
}

function aborted(): Error {
  const error = new Error("The command was aborted")
  error.name = "AbortError"
  return error
}
