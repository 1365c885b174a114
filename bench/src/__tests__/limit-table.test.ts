import { describe, expect, it } from "vitest"
import type { LimitCase } from "../limits/limit-case.js"
import { askedOf, commandsOf, limitFindings, limitTable, overviewTable, targetsOf, verdictsOn } from "../limits/limit-table.js"
import type { Compared } from "../rounds/beside-baseline.js"
import type { InFlightFigures } from "../rounds/more-in-flight.js"

const at = (median: number) => ({ low: median, median, high: median })
const row = (name: string, share: number, commands: Readonly<Record<string, number>>): Compared => ({
  name,
  rate: at(50_000),
  share: at(share),
  latency: at(1),
  latencies: { p50: 1, p99: 2, p999: 3 },
  cpu: at(10),
  serverCpu: at(2),
  cpuShare: at(1),
  serverCpuShare: at(1),
  commands,
  trips: 1,
})
const told = (measured: readonly InFlightFigures[], cases: readonly Omit<LimitCase, "work">[]) =>
  limitTable({ measured, verdicts: verdictsOn(measured, cases) })

describe("limitTable", () => {
  it("says of each target whether it was reached, and how much is missing", () => {
    const rows = [row("INCR", 1, { incr: 1 }), row("fast", 0.9, { evalsha: 1 }), row("slow", 0.5, { evalsha: 1 })]
    const cases = ["fast", "slow"].map((name) => ({ name, target: "limit fixed-window node-redis one key" as const }))
    const lines = told([{ inFlight: 64, rows }], cases).split("\n")
    expect(lines.find((line) => line.includes("fast"))).toContain("at least 0.85: reached")
    expect(lines.find((line) => line.includes("slow"))).toContain("at least 0.85: short by 0.35")
    expect(lines.find((line) => line.includes("INCR |"))).toMatch(/– \|$/)
  })

  it("refuses to compare a row that should ask the server and often does not", () => {
    const cases = [{ name: "denied", asksStore: true }]
    const shared = { inFlight: 64, rows: [row("denied", 3, { evalsha: 0.03, get: 0.03 })] }
    const alone = (evalsha: number) => ({ inFlight: 1, rows: [row("denied", 3, { evalsha })] })
    expect(told([alone(0.4), shared], cases)).toContain("60 % were answered without the server")
    expect(told([alone(1), shared], cases)).not.toContain("without the server")
  })

  it("tells of latency where one is in flight, and of the rate otherwise", () => {
    const one = { ...row("fast", 0.8, {}), latency: at(1.25) }
    const [, , line] = told(
      [
        { inFlight: 1, rows: [one] },
        { inFlight: 64, rows: [row("fast", 0.9, {})] },
      ],
      [],
    ).split("\n")
    expect(line).toContain("| fast | 1.25 (1.25–1.25) | 0.90 (0.90–0.90) |")
  })
})

describe("limitFindings", () => {
  it("say of each row with a target what was measured", () => {
    const measured = [{ inFlight: 64, rows: [row("INCR", 1, {}), row("gcra", 0.5, {})] }]
    const targets = targetsOf([{ name: "gcra", target: "limit gcra ioredis one key" }, { name: "other" }])
    expect(limitFindings([{ measured, targets }])).toEqual([{ target: "limit gcra ioredis one key", measured: at(0.5) }])
  })
})

describe("overviewTable", () => {
  it("puts the rates of all clients side by side, with what was wanted of them", () => {
    const measured = [{ inFlight: 64, rows: [row("gcra", 0.5, { evalsha: 1 })] }]
    const verdicts = verdictsOn(measured, [{ name: "gcra", target: "limit gcra node-redis one key" }])
    const stands = [
      { stand: "node-redis", keys: "one key", measured, verdicts },
      { stand: "ioredis", keys: "one key", measured: [{ inFlight: 64, rows: [row("log", 0.4, {})] }], verdicts: {} },
    ]
    expect(overviewTable(stands).split("\n")).toEqual([
      "| decision | node-redis, one key | ioredis, one key |",
      "| --- | --- | --- |",
      "| gcra | 0.50 (0.50–0.50); at least 0.75: short by 0.25 | – |",
      "| log | – | 0.40 (0.40–0.40) |",
    ])
  })
})

describe("commands of a call", () => {
  it("are told by name, and how many where it is not one", () =>
    expect(commandsOf({ commands: { evalsha: 1.001, get: 2, info: 0.001 } })).toBe("evalsha, 2.00 × get"))
  it("are none where the process answers", () => expect(commandsOf({ commands: {} })).toBe("none"))
  it("say how many calls reached the server", () => expect(askedOf({ commands: { evalsha: 0.5, get: 0.25 } })).toBe(0.5))
})
