import { EventEmitter } from "node:events"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import type { MakeClient, OwnClient } from "../../../../../infrastructure/redis/clients/own-clients.js"
import { PrimaryFollower } from "../../../../../infrastructure/redis/clients/PrimaryFollower.js"

interface View {
  readonly port: number
  readonly epoch: number
}

/** What each Sentinel answers, by its port; `null`: nothing. */
let views: Map<number, View | null>
let primaries: number[]

const SENTINELS = [1, 2, 3]

function ask(port: number, [, what]: readonly string[]): Promise<unknown> {
  const view = views.get(port)
  if (view === null || view === undefined) return new Promise(() => undefined)
  if (what === "sentinels") return Promise.resolve([])
  return Promise.resolve(["ip", "127.0.0.1", "port", String(view.port), "config-epoch", String(view.epoch)])
}

const make: MakeClient = ({ port }): OwnClient => {
  const isSentinel = SENTINELS.includes(port)
  const client = Object.assign(new EventEmitter(), { sendCommand: (args: readonly string[]) => ask(port, args) })
  return {
    client: client as unknown as OwnClient["client"],
    connect: async () => {
      if (!isSentinel) primaries.push(port)
    },
    destroy: () => undefined,
  }
}

const nodes = SENTINELS.map((port) => ({ host: "127.0.0.1", port }))
const address = { nodes, primaryName: "sessions", database: 0, tls: false } as unknown as ConstructorParameters<typeof PrimaryFollower>[1]
const all = (view: View): Map<number, View> => new Map(SENTINELS.map((port) => [port, view]))

let follower: PrimaryFollower

beforeEach(async () => {
  vi.useFakeTimers()
  primaries = []
  views = all({ port: 7001, epoch: 1 })
  follower = new PrimaryFollower(make, address)
  await follower.connect()
  views = all({ port: 7002, epoch: 2 })
  await vi.advanceTimersByTimeAsync(1_500)
})
afterEach(() => {
  follower.destroy()
  vi.useRealTimers()
})

describe("PrimaryFollower", () => {
  it("goes to the primary of the latest failover", () => {
    expect(primaries).toEqual([7001, 7002])
  })

  it("is not led back by one Sentinel that missed the failover, while the others do not answer", async () => {
    views = new Map([
      [1, { port: 7001, epoch: 1 }],
      [2, null],
      [3, null],
    ])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(primaries).toEqual([7001, 7002])
    expect(follower.isReady).toBe(true)
  })

  it("believes most of them, whose count of failovers may begin anew", async () => {
    views = all({ port: 7003, epoch: 0 })
    await vi.advanceTimersByTimeAsync(1_500)
    expect(primaries).toEqual([7001, 7002, 7003])
  })
})
