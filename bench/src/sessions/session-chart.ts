import type { Chart } from "../charts/chart.js"
import { ratioChart } from "../charts/ratio-chart.js"
import { relationOf } from "../rounds/beside-baseline.js"
import { TARGETS } from "../targets/targets.js"
import type { MeasuredBoard } from "./session-table.js"

/** Of these rates are drawn; boards that were not measured with so many are left out. */
const DRAWN_IN_FLIGHT = 64

/** Rates beside those of each board's baseline; with one in flight how long a call takes. */
export function sessionChart(name: string, title: string, boards: readonly MeasuredBoard[], inFlight = DRAWN_IN_FLIGHT): Chart {
  const isAlone = inFlight === 1
  const figure = isAlone ? "latency" : "share"
  const groups = boards.flatMap(({ board, measured }) => {
    const rows = measured.find((one) => one.inFlight === inFlight)?.rows ?? []
    const bars = rows.slice(1).map((row) => {
      const wanted = board.cases.find((one) => one.name === row.name)?.wanted?.find((one) => one.inFlight === inFlight && one.figure === figure)
      return { name: row.name, ratio: relationOf(row, inFlight), isOurs: row.name.startsWith("coatcheck"), target: wanted && TARGETS[wanted.target] }
    })
    return bars.length === 0 ? [] : [{ title: `beside ${board.baseline.name}`, bars }]
  })
  const subtitle = isAlone
    ? "How long the middle call takes with 1 in flight, as a multiple of the baseline; less is better"
    : `How often a second with ${inFlight} in flight, as a multiple of the baseline; more is better`
  return { name, title, svg: ratioChart({ title, subtitle, groups }) }
}
