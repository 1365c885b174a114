import type { GroupSettings, Measured } from "../group.js"
import { accuracyChart } from "./accuracy-chart.js"
import { accuracyOf } from "./exact-count.js"
import { LIMITERS } from "./limiters.js"
import { accuracyTable, type Replayed } from "./replayed.js"
import { trafficOf } from "./traffic.js"

const LIMIT = { limit: 50, window: 10_000 } as const
const TRAFFIC = { ...LIMIT, seed: 1, windows: 300, starts: Date.UTC(2026, 0, 1) } as const
const TITLE = "What each limiter admits of the same requests"

/** Lets every limiter decide the same traffic, holds what it said against the exact count, and draws it. */
export async function runAccuracy({ signal, onProgress, onText }: GroupSettings): Promise<Measured> {
  const replayed: Replayed[] = []
  for (const traffic of trafficOf(TRAFFIC))
    for (const [limiter, replay] of Object.entries(LIMITERS)) {
      signal.throwIfAborted()
      onProgress(`${traffic.name}, ${limiter}`)
      const decided = await replay(traffic.times, LIMIT)
      replayed.push({ limiter, traffic, decided, accuracy: accuracyOf(decided, LIMIT) })
    }
  const lines = [
    `At most ${LIMIT.limit} requests in any ${LIMIT.window / 1_000} s; ${TRAFFIC.windows} windows of each traffic. In each field: the most that was admitted in any window, in limits · all that was`,
    "admitted, of what an exact count admits · of all requests, those that were wrongly allowed · wrongly denied.",
    "",
    accuracyTable(replayed),
  ]
  onText(lines.join("\n"))
  return {
    figures: { ...TRAFFIC, rows: replayed.map(({ limiter, traffic, accuracy }) => ({ limiter, traffic: traffic.name, ...accuracy })) },
    charts: [{ name: "rate-limit-accuracy", title: TITLE, svg: accuracyChart(replayed, { ...LIMIT, starts: TRAFFIC.starts }) }],
  }
}
