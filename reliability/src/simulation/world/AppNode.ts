import { createSessionService, type OwnedSessionService, type RedisClientLike, type SessionEvent } from "coatcheck"
import type { Attributes } from "../../workloads/RecordedClient.js"
import type { Random } from "../../workloads/random.js"
import { type ClientHabits, type Network, SimulatedClient } from "./SimulatedClient.js"
import type { SimulatedServer } from "./SimulatedServer.js"
import type { VirtualTime } from "./VirtualTime.js"
import type { LocalClocks } from "./virtual-globals.js"

/** What all processes of one run have in common. */
export interface NodeSettings {
  readonly time: VirtualTime
  readonly server: SimulatedServer
  readonly network: Network
  readonly random: Random
  readonly habits: ClientHabits
  readonly timeoutMs: number
  readonly touchIntervalMs: number
  readonly idleMs: number
  readonly absoluteMs: number
  onEvent(event: SessionEvent): void
}

const DAY_MS = 86_400_000

/** One process of the application: a service, its client, and clocks of its own. */
export class AppNode implements LocalClocks {
  alive = true
  stalledUntil = 0
  /** When a call of it failed last. */
  failedAt = -1
  readonly number: number
  readonly client: SimulatedClient
  readonly #settings: NodeSettings
  readonly #rate: number
  readonly #monotonicFrom: number
  #wallFrom: number
  readonly #stalls: { readonly from: number; readonly to: number }[] = []

  constructor(number: number, settings: NodeSettings) {
    const { random } = settings
    this.number = number
    this.#settings = settings
    // Quartz clocks differ by up to some 100 millionths.
    this.#rate = 1 + (random(401) - 200) / 1_000_000
    this.#monotonicFrom = random(1_000_000)
    this.#wallFrom = 1_800_000_000_000 + random(2 * DAY_MS) - DAY_MS
    this.client = new SimulatedClient({ ...settings, owner: this, node: number })
  }

  monotonicMs(now: number): number {
    return this.#monotonicFrom + (now / 1_000) * this.#rate
  }

  wallMs(now: number): number {
    return this.#wallFrom + now / 1_000
  }

  duration(ms: number): number {
    return (ms * 1_000) / this.#rate
  }

  setWallClockBy(ms: number): void {
    this.#wallFrom += ms
  }

  open(): Promise<OwnedSessionService<Attributes, Attributes>> {
    const { timeoutMs, touchIntervalMs, idleMs, absoluteMs, onEvent } = this.#settings
    return createSessionService<Attributes>({
      store: this.client as unknown as RedisClientLike,
      timeout: `${timeoutMs}ms`,
      touchInterval: `${touchIntervalMs}ms`,
      idleTimeout: `${idleMs}ms`,
      absoluteTimeout: `${absoluteMs}ms`,
      onEvent,
    })
  }

  /** Its event loop stands still. */
  stall(until: number): void {
    const { now } = this.#settings.time
    if (until <= this.stalledUntil) return
    this.#stalls.push({ from: Math.max(now, this.stalledUntil), to: until })
    this.stalledUntil = until
  }

  /** Microseconds for which it stood still between two times. */
  stalledBetween(from: number, to: number): number {
    return this.#stalls.reduce((sum, stall) => sum + Math.max(0, Math.min(to, stall.to) - Math.max(from, stall.from)), 0)
  }

  /** Ends at once: none of its code runs any more. */
  kill(): void {
    this.alive = false
    this.client.reset({ again: false })
  }
}
