import { describe, expect, it } from "vitest"
import { besideBaseline, type Contender, type RoundSettings } from "../rounds/beside-baseline.js"
import { Running, type Work } from "../rounds/slice.js"
import type { ServerMeter } from "../server/ServerMeter.js"

const meter = {
  during: async <T>(work: () => Promise<T>) => ({ result: await work(), server: { cpu: 10, calls: { incr: 1 }, reads: 2 } }),
} as unknown as ServerMeter
const settings = (more: Partial<RoundSettings> = {}): RoundSettings => ({
  rounds: 3,
  warmUps: { slices: 1, inFlight: 4 },
  inFlight: 4,
  ms: 1,
  meter,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...more,
})

function contender(name: string, work: Work): Contender {
  const running = new Running(work)
  return { name, refill: () => running.refill(), slice: (slice) => running.slice(slice) }
}

/** Work that writes down each slice that it has part in. */
function noting(name: string, notes: string[]): Work {
  return {
    call: async () => {
      if (notes.at(-1) !== name) notes.push(name)
    },
  }
}

describe("besideBaseline", () => {
  it("measures the baseline before and after each contender, and turns the order around", async () => {
    const notes: string[] = []
    const contenders = ["a", "b"].map((name) => contender(name, noting(name, notes)))
    const rows = await besideBaseline(contender("base", noting("base", notes)), contenders, settings())
    expect(rows.map(({ name }) => name)).toEqual(["base", "a", "b"])
    // All warm up first; at the seam of two rounds the baseline is measured twice in a row.
    const [forth, back] = [
      ["base", "a", "base", "b"],
      ["base", "b", "base", "a"],
    ]
    expect(notes).toEqual([...["base", "a", "b"], ...back, ...forth, ...back, "base"])
  })

  it("tells rates, shares, and what the server did for each call", async () => {
    const [base, own] = await besideBaseline(contender("base", { call: async () => 1 }), [contender("own", { call: async () => 1 })], settings())
    expect(base?.share).toEqual({ low: 1, median: 1, high: 1 })
    expect(own?.rate.median).toBeGreaterThan(0)
    expect(own?.share.median).toBeGreaterThan(0)
    expect(own?.latencies.p999).toBeGreaterThanOrEqual(own?.latencies.p50 ?? Number.NaN)
    expect(own?.serverCpu.median).toBeGreaterThan(0)
    expect(own?.commands.incr).toBeGreaterThan(0)
    expect(own?.trips).toBe(2 * (own?.commands.incr ?? 0))
  })

  it("lays ready before each slice what it uses up", async () => {
    let left = 0
    let refills = 0
    let prepared = 0
    const work: Work = {
      prepare: async () => prepared++,
      refill: async () => {
        left = 1_000_000
        refills++
      },
      call: async () => left--,
      isRight: (had: number) => had > 0,
    }
    await besideBaseline(contender("base", { call: async () => 1 }), [contender("uses up", work)], settings())
    // One slice warms up.
    expect(refills).toBe(4)
    expect(prepared).toBe(1)
  })

  it("ends with a whole cycle what is counted with one in flight", async () => {
    let calls = 0
    const running = new Running({ cycle: 60, call: async () => (calls += 1) })
    for (const inFlight of [4, 1, 1]) {
      await running.slice({ inFlight, ms: 1 })
      if (inFlight === 1) expect(calls % 60).toBe(0)
    }
    expect(calls).toBeGreaterThan(0)
  })

  it("warms up with as many in flight as it is told, which count for nothing", async () => {
    const most: number[] = []
    let running = 0
    const work: Work = {
      call: async () => {
        running += 1
        most.push(running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      },
    }
    const [, own] = await besideBaseline(
      contender("base", { call: async () => 1 }),
      [contender("own", work)],
      settings({ inFlight: 2, warmUps: { slices: 2, inFlight: 9 } }),
    )
    expect(Math.max(...most)).toBe(9)
    expect(most.slice(most.lastIndexOf(9) + 9).every((one) => one <= 2)).toBe(true)
    expect(own?.rate.median).toBeGreaterThan(0)
  })

  it("tells latencies beside those of the baseline", async () => {
    const rows = await besideBaseline(contender("base", { call: async () => 1 }), [], settings({ inFlight: 1 }))
    expect(rows[0]?.latency.median).toBe(1)
  })

  it("ends with the name of the row whose answers are not right", async () => {
    const wrong = contender("denied", { call: async () => ({ allowed: true }), isRight: ({ allowed }: { readonly allowed: boolean }) => !allowed })
    await expect(besideBaseline(contender("base", { call: async () => 1 }), [wrong], settings())).rejects.toThrow(
      'denied: Expected another answer, got {"allowed":true}',
    )
  })

  it("ends when it is cancelled", async () => {
    const cancel = new AbortController()
    const work = {
      call: async () => cancel.abort(new Error("enough")),
    }
    await expect(besideBaseline(contender("base", work), [], settings({ signal: cancel.signal }))).rejects.toThrow("enough")
  })
})
