import type { Chart } from "../charts/chart.js"
import { ratioChart } from "../charts/ratio-chart.js"
import { TARGETS } from "../targets/targets.js"
import type { Row } from "./http-table.js"

/** Requests a second beside what each application stands beside. */
export function httpChart(rows: readonly Row[]): Chart {
  const title = "Requests to applications that know who is signed in, beside the bare framework"
  const groups = [...new Set(rows.map(({ bare }) => bare))].map((bare) => ({
    title: `beside ${bare}`,
    bars: rows
      .filter((row) => row.bare === bare)
      .map(({ application, share, findings }) => {
        const target = findings.find(({ measured }) => measured === share)?.target
        return { name: application, ratio: share, isOurs: application.includes("coatcheck"), target: target && TARGETS[target] }
      }),
  }))
  return { name: "http", title, svg: ratioChart({ title, subtitle: "Requests a second, as a multiple of the bare framework's; more is better", groups }) }
}
