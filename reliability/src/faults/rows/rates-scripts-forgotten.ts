import { setTimeout as pause } from "node:timers/promises"
import type { FaultRow } from "../fault-row.js"
import { onOneRateServer } from "../rates/on-one-rate-server.js"

const EVERY_MS = 10

/** A server forgets the scripts of rate limits all the time; each call is decided by the store all the same, and counts once. */
export const RATES_SCRIPTS_FORGOTTEN: FaultRow = {
  number: 17,
  name: "rate limits: SCRIPT FLUSH every 10 ms",
  topologies: ["one server"],
  nearCache: "none",
  async run(site) {
    const { signal, scale, times, note } = site
    // Nothing is broken that a call has to be patient with, save a machine without time.
    return onOneRateServer(site, { timeoutMs: 5_000 }, async ({ load, ask }) => {
      const forMs = scale === "full" ? times(20_000, 0) : 300
      note(`for ${forMs / 1_000} s`)
      const until = performance.now() + forMs
      let flushes = 0
      while (performance.now() < until && !signal.aborted) {
        await ask("SCRIPT", "FLUSH")
        flushes += 1
        await pause(EVERY_MS)
      }
      await load.run(1, signal)
      const missed = Number(/errorstat_NOSCRIPT:count=(\d+)/.exec(String(await ask("INFO", "errorstats")))?.[1] ?? 0)
      const why = missed === 0 ? ["Expected the server to have missed a script, got none missed"] : []
      return { tried: flushes, figures: { "scripts missed": missed }, why }
    })
  },
}
