import { describe, expect, it } from "vitest"
import { GROUPS } from "../groups.js"
import { findingTable, targetSum, targetTable } from "../targets/target-table.js"
import { limitTarget, TARGETS } from "../targets/targets.js"

const at = (median: number) => ({ low: median, median, high: median })
const lines = (table: string) => table.split("\n").slice(2)

describe("TARGETS", () => {
  it("are each measured by a group that there is", () => {
    for (const { group, work } of Object.values(TARGETS)) expect(Object.keys(GROUPS), work).toContain(group)
  })

  it("are told apart by what they say", () => {
    const said = Object.values(TARGETS).map(({ work, figure }) => `${work}: ${figure}`)
    expect(new Set(said).size).toBe(said.length)
  })

  it("know which decisions something is wanted of", () => {
    expect(limitTarget("gcra", "ioredis", 10_000)).toBe("limit gcra ioredis 10 000 keys")
    expect(limitTarget("sliding-log", "ioredis", 1)).toBeUndefined()
    expect(limitTarget("sliding-counter", "ioredis", 1)).toBeUndefined()
  })
})

describe("targetTable", () => {
  it("has a line for each target, whether it was measured or not", () => {
    const told = lines(targetTable([{ target: "read-64 ioredis", measured: at(1.5) }]))
    expect(told).toHaveLength(Object.keys(TARGETS).length)
    expect(told.filter((line) => line.endsWith(": not measured |"))).toHaveLength(told.length - 1)
    expect(told.find((line) => line.includes("64 in flight, ioredis") && line.includes("reached"))).toContain("| 1.5 | at least 1.4: reached |")
  })

  it("says how much is missing, and where rounds lie on both sides", () => {
    const [short, noisy] = lines(
      findingTable([
        { target: "read-64 node-redis", measured: at(1.5) },
        { target: "read-64 ioredis", measured: { low: 1.3, median: 1.4, high: 1.6 } },
      ]),
    )
    expect(short).toContain("| 1.5 | at least 2: short by 0.5 |")
    expect(noisy).toContain("| 1.400 (1.300–1.600) | at least 1.4: too noisy to tell, the median is not short |")
  })

  it("marks what was measured too quickly to judge by", () => {
    expect(lines(findingTable([{ target: "read-64 ioredis", measured: at(1.5), isQuick: true }]))[0]).toContain("| 1.5, quick | at least 1.4: reached |")
  })

  it("is summed up", () => {
    const sum = targetSum([
      { target: "read-64 node-redis", measured: at(2.1) },
      { target: "read-64 ioredis", measured: at(1) },
    ])
    expect(sum).toBe(`1 reached, 1 short, 0 too noisy to tell, ${Object.keys(TARGETS).length - 2} not measured`)
  })
})
