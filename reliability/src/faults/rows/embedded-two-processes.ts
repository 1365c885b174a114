import { checkHistory } from "../../histories/check-history.js"
import type { HistoryLine } from "../../histories/history-line.js"
import { WorkerPool } from "../../workloads/WorkerPool.js"
import { DatabaseFile, faultsOf, sqliteVersion } from "../database-file.js"
import type { FaultRow } from "../fault-row.js"

const PROCESSES = 2
/** The share of calls that may find the file taken for longer than they wait. */
const MOST_REFUSED = 0.1
const SEARCH_MS = 10_000

/** Two processes use one SQLite file at once, and the sessions of the same users: every answer has an order that explains it. */
export const EMBEDDED_TWO_PROCESSES: FaultRow = {
  number: 35,
  name: "SQLite: two processes on one file",
  topologies: ["embedded"],
  nearCache: "none",
  async run({ client, seed, signal, times }) {
    using file = new DatabaseFile()
    await using pool = new WorkerPool(PROCESSES)
    await pool.open({ url: file.url, client, origin: String(process.hrtime.bigint()), defect: undefined })
    const rounds = times(20, 1)
    const lines: HistoryLine[] = []
    for (let i = 0; i < rounds; i++) {
      signal.throwIfAborted()
      const job = { kind: "one-user", seed: seed + i, user: `both ${i}`, clients: 3, calls: 30, limit: 5 } as const
      lines.push(...(await pool.work(() => job)).lines)
    }
    const { operations, unknown, violations, undecided } = checkHistory(lines, SEARCH_MS)
    const failed = lines.filter(({ outcome }) => outcome === "fail").length
    const why = [...violations.map(({ rule, subject, what }) => `${rule}, ${subject}: ${what}`), ...faultsOf(file.path)]
    if (undecided.length > 0) why.push(`${undecided.length} sessions could not be decided`)
    if (failed + unknown > operations * MOST_REFUSED) why.push(`Expected most calls to be answered, got ${failed + unknown} of ${operations} that were not`)
    return {
      version: sqliteVersion(),
      tried: rounds,
      figures: { calls: operations, unknown, refused: failed },
      why,
    }
  },
}
