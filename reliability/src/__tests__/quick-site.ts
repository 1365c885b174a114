import type { FaultSite } from "../faults/fault-row.js"

/** One server, one client, and few rounds: for rows that a test runs by themselves. */
export const QUICK_SITE: FaultSite = {
  topology: "one server",
  kind: "redis",
  client: "node-redis",
  seed: 7,
  scale: "quick",
  signal: new AbortController().signal,
  times: (_, quick) => quick,
  note: () => undefined,
}
