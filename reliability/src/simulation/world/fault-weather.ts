import { oneOf, type Random } from "../../workloads/random.js"
import type { Fault } from "../seed-options.js"
import type { Change } from "../store/Keyspace.js"
import type { AppNode } from "./AppNode.js"
import type { Network } from "./SimulatedClient.js"
import type { Refusal, SimulatedServer } from "./SimulatedServer.js"
import type { VirtualTime } from "./VirtualTime.js"

/** What the faults act on, and who is told of what they did to the data. */
export interface Stage {
  readonly time: VirtualTime
  readonly server: SimulatedServer
  readonly random: Random
  nodes(): readonly AppNode[]
  replace(node: AppNode): void
  writesLost(undone: readonly Change[]): void
  evicted(key: string): void
  happened(fault: Fault): void
}

const MS = 1_000
const REFUSALS: Readonly<Partial<Record<Fault, Refusal>>> = { loading: "LOADING", readonly: "READONLY", oom: "OOM", tryagain: "TRYAGAIN" }

/** Lets the chosen faults happen again and again, until it is told that the weather is fine. */
export class FaultWeather implements Network {
  readonly #stage: Stage
  readonly #faults: ReadonlySet<Fault>
  #isFine = false
  #slowUntil = 0
  #consumerSlowUntil = 0
  #paused = 0

  constructor(stage: Stage, faults: ReadonlySet<Fault>) {
    this.#stage = stage
    this.#faults = faults
  }

  begin(): void {
    // Replies are lost when there is one to lose, not at a time.
    for (const fault of this.#faults) if (fault !== "lost-reply") this.#later(fault)
  }

  /** No more faults; what is broken heals. */
  end(): void {
    this.#isFine = true
    this.#slowUntil = 0
    this.#consumerSlowUntil = 0
    this.#stage.server.resume()
    this.#stage.server.refuse(undefined)
    for (const { client } of this.#stage.nodes()) {
      client.silence(this.#stage.time.now)
      client.allowConnections()
    }
  }

  requestDelay(): number {
    return 100 + this.#stage.random(900) + (this.#stage.time.now < this.#slowUntil ? this.#stage.random(600 * MS) : 0)
  }

  replyDelay(): number {
    const slow = this.#stage.time.now < this.#consumerSlowUntil ? this.#stage.random(150 * MS) : 0
    return this.requestDelay() + slow
  }

  reconnectDelay(): number {
    return (5 + this.#stage.random(150)) * MS
  }

  losesReply(): boolean {
    if (this.#isFine || !this.#faults.has("lost-reply") || this.#stage.random(40) > 0) return false
    this.#stage.happened("lost-reply")
    return true
  }

  #later(fault: Fault): void {
    this.#stage.time.after((30 + this.#stage.random(900)) * MS, undefined, () => {
      if (this.#isFine) return
      this.#stage.happened(fault)
      this.#happen(fault)
      this.#later(fault)
    })
  }

  #happen(fault: Fault): void {
    const { time, random, server } = this.#stage
    const node = oneOf(random, this.#stage.nodes())
    const refusal = REFUSALS[fault]
    if (refusal !== undefined) {
      server.refuse(refusal)
      time.after((1 + random(300)) * MS, undefined, () => server.refuse(undefined))
      return
    }
    switch (fault) {
      case "reset":
        node?.client.reset()
        break
      case "delay":
        this.#slowUntil = time.now + random(400) * MS
        break
      case "silence":
        this.#silence(node)
        break
      case "script-flush":
        server.engine.flushScripts()
        break
      case "failover":
        this.#lose(random(12), 20 + random(200))
        server.setClockBy(random(200_000) - 100_000)
        break
      case "power-cut":
        this.#lose(random(60), 200 + random(1_500))
        break
      case "eviction":
        this.#evict()
        break
      case "server-clock":
        server.setClockBy((random(40_000) - 20_000) * MS)
        break
      case "app-clock":
        node?.setWallClockBy(random(7_200_000) - 3_600_000)
        break
      case "stall":
        node?.stall(time.now + random(1_500) * MS)
        break
      case "kill":
        if (node !== undefined) this.#stage.replace(node)
        break
      case "pause":
        this.#pause(10 + random(random(4) === 0 ? 4_000 : 400))
        break
      case "slow-consumer":
        this.#consumerSlowUntil = time.now + random(500) * MS
        break
      default:
        throw new Error(`Expected a fault that can happen, got ${fault}`)
    }
  }

  // A silent network heals, or the connection is given up in the end.
  #silence(node: AppNode | undefined): void {
    const { time, random } = this.#stage
    const until = time.now + (50 + random(1_500)) * MS
    node?.client.silence(until)
    if (random(2) === 0) time.at(until - 1, undefined, () => (this.#isFine ? undefined : node?.client.reset()))
  }

  #pause(ms: number): void {
    const { time, server } = this.#stage
    const mine = ++this.#paused
    server.pause()
    time.after(ms * MS, undefined, () => {
      if (mine === this.#paused) server.resume()
    })
  }

  #lose(writes: number, downMs: number): void {
    const { time, server } = this.#stage
    const nodes = this.#stage.nodes()
    for (const { client } of nodes) client.reset({ again: false, arrives: false })
    // What the lost primary had still to do it does for nobody.
    server.drop()
    this.#stage.writesLost(server.loseWrites(writes))
    time.after(downMs * MS, undefined, () => {
      for (const { client } of this.#stage.nodes()) client.allowConnections()
    })
  }

  #evict(): void {
    const { server, random } = this.#stage
    const keys = [...server.engine.keys.entries.keys()]
    const key = oneOf(random, keys)
    if (key === undefined) return
    server.evict(key)
    this.#stage.evicted(key)
  }
}
