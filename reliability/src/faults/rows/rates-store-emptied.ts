import type { FaultRow } from "../fault-row.js"
import { onOneRateServer } from "../rates/on-one-rate-server.js"

const RUN_MS = 200

/** An operator empties the store while limits are used: everybody begins anew, no call fails, and the store decides all the while. */
export const RATES_STORE_EMPTIED: FaultRow = {
  number: 18,
  name: "rate limits: FLUSHALL and FLUSHDB under load",
  topologies: ["one server"],
  nearCache: "none",
  onlyInFull: "left to the full run; quick: 18 empties a store",
  async run(site) {
    const { signal, times } = site
    return onOneRateServer(site, { timeoutMs: 5_000 }, async ({ load, ask }) => {
      const flushes = times(40, 2)
      for (let i = 0; i < flushes; i++) {
        await load.run(RUN_MS, signal)
        await load.disturbing(() => ask(i % 2 === 0 ? "FLUSHALL" : "FLUSHDB"))
      }
      await load.run(RUN_MS, signal)
      return { tried: flushes, mayLose: true }
    })
  },
}
