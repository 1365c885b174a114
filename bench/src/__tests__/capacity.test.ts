import { describe, expect, it } from "vitest"
import { capacityOf, ceilingOf } from "../scaling/capacity.js"
import { capacityTable, scalingTable } from "../scaling/scaling-table.js"

const costs = { process: 10, node: 2 }

describe("ceilingOf", () => {
  it("is what the processes can do while nothing else is used up", () =>
    expect(ceilingOf({ processes: 1, nodes: 1, cores: 8 }, costs)).toEqual({ bound: "processes", rate: 100_000 }))
  it("is what the nodes can do once there are many processes", () =>
    expect(ceilingOf({ processes: 50, nodes: 3, cores: 1_000 }, costs)).toEqual({ bound: "nodes", rate: 1_500_000 }))
  it("is what the cores can do that all of them share", () => {
    const { bound, rate } = ceilingOf({ processes: 2, nodes: 3, cores: 2 }, costs)
    expect(bound).toBe("cores")
    expect(rate).toBeCloseTo(166_667, 0)
  })
})

describe("capacityOf", () => {
  const size = { memoryBytes: 1_000_000, usableMemory: 0.5, usableProcessor: 0.5 }

  it("counts memory for sessions, the nodes' processors for requests, and processes by what they reach", () =>
    expect(capacityOf(4, { costs, sessionBytes: 1_000, efficiency: 0.5 }, size)).toEqual({ nodes: 4, sessions: 2_000, rate: 1_000_000, processes: 20 }))

  it("grows with the nodes", () => {
    const [one, ten] = [1, 10].map((nodes) => capacityOf(nodes, { costs, sessionBytes: 900, efficiency: 0.8 }))
    expect(ten?.rate).toBeCloseTo(10 * (one?.rate ?? 0))
    expect((ten?.sessions ?? 0) / (one?.sessions ?? 1)).toBeCloseTo(10)
  })
})

describe("tables", () => {
  const stored = { jsonBytes: 450, bytes: 900.4, perUser: 4 }

  it("hold what was measured against the model", () => {
    const at = (median: number) => ({ low: median, median, high: median })
    const latencies = { p50: 300.4, p99: 900, p999: 1_500 }
    const setup = {
      store: "one Redis",
      reader: "coatcheck, node-redis",
      processes: 1,
      nodes: 1,
      cores: 2,
      rate: at(80_000),
      ofOne: at(1),
      costs,
      latencies,
    } as const
    expect(scalingTable([setup], () => costs)).toContain(
      "| one Redis | coatcheck, node-redis | 1 | 80000 (80000–80000) | 1.00 (1.00–1.00) | 300 · 900 · 1500 | 10.0 | 2.0 | 100000, by processes | 0.80 |",
    )
  })

  it("write a thousand millions in digits", () =>
    expect(capacityTable([capacityOf(100, { costs, sessionBytes: 900, efficiency: 0.8 })], stored)).toContain("| 100 | 1150 million |"))

  it("say of what sessions the model is", () =>
    expect(capacityTable([], stored)).toContain("sessions of 450 bytes of JSON, 4 a user, that take 900 bytes each"))

  it("say that the rest is a model", () =>
    expect(capacityTable([capacityOf(3, { costs, sessionBytes: 900, efficiency: 0.8 })], stored)).toMatch(
      /^A model, not a measurement[\s\S]*\| 3 \| 34.4 million \| 750 k \| 10 \|/,
    ))
})
