import { EventEmitter } from "node:events"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { MakeClient, OwnClient } from "../../../../../infrastructure/redis/clients/own-clients.js"
import { PrimaryFollower } from "../../../../../infrastructure/redis/clients/PrimaryFollower.js"

interface View {
  readonly port: number
  readonly epoch: number
  /** The ports of the other Sentinels that it names. */
  readonly others?: readonly number[]
}

/** What each Sentinel answers, by its port; `null`: nothing. */
let views: Map<number, View | null>
let primaries: number[]

const SENTINELS = [1, 2, 3]

function ask(port: number, [, what]: readonly string[]): Promise<unknown> {
  const view = views.get(port)
  if (view === null || view === undefined) return new Promise(() => undefined)
  if (what === "sentinels") return Promise.resolve((view.others ?? []).map((other) => ["ip", "127.0.0.1", "port", String(other)]))
  return Promise.resolve(["ip", "127.0.0.1", "port", String(view.port), "config-epoch", String(view.epoch)])
}

const make: MakeClient = ({ port }): OwnClient => {
  const isSentinel = port < 7000
  const client = Object.assign(new EventEmitter(), { sendCommand: (args: readonly string[]) => ask(port, args) })
  return {
    client: client as unknown as OwnClient["client"],
    connect: async () => {
      if (!isSentinel) primaries.push(port)
    },
    destroy: () => undefined,
  }
}

/** A follower whose address names these. */
function following(ports: readonly number[]): PrimaryFollower {
  const nodes = ports.map((port) => ({ host: "127.0.0.1", port }))
  return new PrimaryFollower(make, { nodes, primaryName: "sessions", database: 0, tls: false } as unknown as ConstructorParameters<typeof PrimaryFollower>[1])
}
const each = (ports: readonly number[], view: View): Map<number, View> => new Map(ports.map((port) => [port, view]))
const all = (view: View): Map<number, View> => each(SENTINELS, view)

let follower: PrimaryFollower

beforeEach(() => {
  vi.useFakeTimers()
  primaries = []
})
afterEach(() => {
  follower.destroy()
  vi.useRealTimers()
})

describe("PrimaryFollower", () => {
  beforeEach(async () => {
    views = all({ port: 7001, epoch: 1 })
    follower = following(SENTINELS)
    await follower.connect()
    views = all({ port: 7002, epoch: 2 })
    await vi.advanceTimersByTimeAsync(1_500)
  })

  it("goes to the primary of the latest failover", () => {
    expect(primaries).toEqual([7001, 7002])
  })

  it("is not led back by one Sentinel that missed the failover, while the others do not answer", async () => {
    views = new Map([
      [1, { port: 7001, epoch: 1 }],
      [2, null],
      [3, null],
    ])
    await vi.advanceTimersByTimeAsync(120_000)
    expect(primaries).toEqual([7001, 7002])
    expect(follower.isReady).toBe(true)
  })

  it("believes most of them, whose count of failovers may begin anew", async () => {
    views = all({ port: 7003, epoch: 0 })
    await vi.advanceTimersByTimeAsync(1_500)
    expect(primaries).toEqual([7001, 7002, 7003])
  })
})

describe("PrimaryFollower, where one host stands for all Sentinels", () => {
  const HOST = 1
  const LEARNED = [2, 3, 4, 5]

  beforeEach(async () => {
    views = each([HOST, ...LEARNED], { port: 7001, epoch: 1, others: LEARNED })
    follower = following([HOST])
    await follower.connect()
    await vi.advanceTimersByTimeAsync(1_500)
    views = each([HOST, ...LEARNED], { port: 7002, epoch: 2, others: LEARNED })
    // Longer than one that is silent is remembered.
    await vi.advanceTimersByTimeAsync(60_000)
    expect(primaries).toEqual([7001, 7002])
  })

  it("learns of those that took the place of all others and know of no failover, and follows them when they are most", async () => {
    const anew = [6, 7, 8, 9, 10]
    views = each([HOST, ...anew], { port: 7003, epoch: 0, others: anew })
    await vi.advanceTimersByTimeAsync(5_000)
    expect(primaries).toEqual([7001, 7002, 7003])
  })

  it("follows fewer than there were when those that are gone have been silent for half a minute, and not before", async () => {
    const anew = [6, 7]
    views = each([HOST, ...anew], { port: 7003, epoch: 0, others: anew })
    await vi.advanceTimersByTimeAsync(25_000)
    expect(primaries).toEqual([7001, 7002])
    expect(follower.isReady).toBe(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(primaries).toEqual([7001, 7002, 7003])
  })

  it("is not led back by one that missed the failover and still names the others, however long they are silent", async () => {
    views = each([HOST], { port: 7001, epoch: 1, others: LEARNED })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(primaries).toEqual([7001, 7002])
    expect(follower.isReady).toBe(true)
  })

  it("is not led back at once by one that missed the failover and names nobody", async () => {
    views = each([HOST], { port: 7001, epoch: 1 })
    await vi.advanceTimersByTimeAsync(25_000)
    expect(primaries).toEqual([7001, 7002])
  })
})
