import { describe, expect, it } from "vitest"
import type { Compared } from "../rounds/beside-baseline.js"
import { calls, latency, milliseconds, type SessionCase, share } from "../sessions/session-case.js"
import { sessionTable, wantedTable } from "../sessions/session-table.js"

const at = (median: number) => ({ low: median, median, high: median })
const row = (name: string, more: Partial<Compared> = {}): Compared => ({
  name,
  rate: at(500),
  share: at(0.9),
  latency: null,
  cpu: at(10),
  serverCpu: at(2),
  cpuShare: at(0.5),
  serverCpuShare: at(1),
  commands: { get: 1 },
  ...more,
})
const work = { call: async () => undefined }
const boardOf = (wanted: SessionCase["wanted"] = [], measured = [{ inFlight: 1, rows: [row("raw"), row("ours", { latency: at(1.25) })] }]) => [
  { board: { baseline: { name: "raw", work }, cases: [{ name: "ours", work, wanted }] }, measured },
]

describe("sessionTable", () => {
  it("tells of latency with one in flight, of the rate with more, and leaves open what was not measured", () => {
    const lines = sessionTable(boardOf(), [1, 64]).split("\n")
    expect(lines[2]).toMatch(/^\| \*\*raw\*\* \| 0.90 \(0.90–0.90\) \| – \|/)
    expect(lines[3]).toMatch(/^\| ours \| 1.25 \(1.25–1.25\) \| – \| 500 \|/)
  })
})

describe("wantedTable", () => {
  it("says of each figure whether it was reached, or how much is missing", () => {
    const [, , p50, ms, commands] = wantedTable(boardOf([latency(1.1), milliseconds(3), calls("commands that read", ["get", "mget"], 1)])).split("\n")
    expect(p50).toContain("at most 1.1: short by 0.15")
    expect(ms).toContain("2.000 (2.000–2.000) | at most 3: reached")
    expect(commands).toContain("at most 1: reached")
  })

  it("says nothing of what was not measured", () => expect(wantedTable(boardOf([share(64, 2)])).split("\n")).toHaveLength(2))
})
