import type { Chart } from "../charts/chart.js"
import { ratioChart } from "../charts/ratio-chart.js"
import { TARGETS } from "../targets/targets.js"
import { type StandFigures, TOLD_IN_FLIGHT, toldOf } from "./limit-table.js"

/** Whose names other libraries' rows begin with. */
const PEERS = /^rate-limit/

/** Rates beside those of INCR, a group of bars for each client and number of keys. */
export function limitChart(stands: readonly StandFigures[]): Chart {
  const title = `Decisions about rate limits beside raw INCR of the same client, ${TOLD_IN_FLIGHT} in flight`
  const groups = stands.map(({ stand, keys, measured, targets }) => ({
    title: `${stand}, ${keys}`,
    bars: toldOf(measured)
      .slice(1)
      .map(({ name, share }) => ({ name, ratio: share, isOurs: !PEERS.test(name), target: targets[name] && TARGETS[targets[name]] })),
  }))
  return { name: "limits", title, svg: ratioChart({ title, subtitle: "Decisions a second, as a multiple of INCR's; more is better", groups }) }
}
