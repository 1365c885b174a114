import { describe, expect, it } from "vitest"
import type { Compared } from "../rounds/beside-baseline.js"
import { latencyTable } from "../rounds/latency-table.js"
import { alone, type SessionCase, share } from "../sessions/session-case.js"
import { sessionChart } from "../sessions/session-chart.js"
import { findingsOf, sessionTable } from "../sessions/session-table.js"

const at = (median: number) => ({ low: median, median, high: median })
const row = (name: string, more: Partial<Compared> = {}): Compared => ({
  name,
  rate: at(500),
  share: at(0.9),
  latency: at(1),
  latencies: { p50: 9.94, p99: 20.4, p999: 300 },
  cpu: at(10),
  serverCpu: at(2),
  cpuShare: at(0.5),
  serverCpuShare: at(1),
  commands: { get: 1 },
  trips: 1.000_2,
  ...more,
})
const boardOf = (wanted: SessionCase["wanted"] = [], measured = [{ inFlight: 1, rows: [row("raw"), row("ours", { latency: at(1.25) })] }]) => [
  { board: { baseline: { name: "raw" }, cases: [{ name: "ours", wanted }] }, measured },
]

describe("sessionTable", () => {
  it("tells of latency with one in flight, of the rate with more, and leaves open what was not measured", () => {
    const lines = sessionTable(boardOf(), [1, 64]).split("\n")
    expect(lines[2]).toMatch(/^\| \*\*raw\*\* \| 1.00 \(1.00–1.00\) \| – \|/)
    expect(lines[3]).toMatch(/^\| ours \| 1.25 \(1.25–1.25\) \| – \| 500 \|/)
    const many = sessionTable(boardOf([], [{ inFlight: 64, rows: [row("raw")] }]), [1, 64]).split("\n")
    expect(many[2]).toMatch(/^\| \*\*raw\*\* \| – \| 0.90 \(0.90–0.90\) \|/)
  })
})

describe("latencyTable", () => {
  it("tells how long calls took, by how many were in flight", () =>
    expect(latencyTable(boardOf(), [1, 64]).split("\n")[3]).toBe("| ours | 9.9 · 20 · 300 | – |"))
})

describe("sessionChart", () => {
  it("says what is better of what it draws: less of latencies, more of rates", () => {
    const boards = boardOf([alone("latency", "read-1 ioredis")])
    const { svg } = sessionChart("a", "A", boards, 1)
    expect(svg).toContain("less is better")
    expect(svg).not.toContain("more is better")
    expect(svg).toContain("1.25 (at most 1.1)")
    expect(sessionChart("a", "A", boardOf([], [{ inFlight: 64, rows: [row("raw"), row("ours")] }])).svg).toContain("more is better")
  })
})

describe("findingsOf", () => {
  it("says of each target what was measured", () => {
    const wanted = [
      alone("latency", "read-1 ioredis"),
      alone("milliseconds", "page-ms"),
      { target: "read-commands ioredis", inFlight: 1, figure: "calls", commands: ["get", "mget"] } as const,
      alone("trips", "read-trips ioredis"),
    ]
    expect(findingsOf(boardOf(wanted))).toEqual([
      { target: "read-1 ioredis", measured: at(1.25) },
      { target: "page-ms", measured: at(2) },
      { target: "read-commands ioredis", measured: at(1) },
      { target: "read-trips ioredis", measured: at(1) },
    ])
  })

  it("says nothing of what was not measured", () => expect(findingsOf(boardOf([share(64, "read-64 ioredis")]))).toEqual([]))
})
