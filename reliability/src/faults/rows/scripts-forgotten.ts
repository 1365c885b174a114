import { setTimeout as pause } from "node:timers/promises"
import type { FaultRow } from "../fault-row.js"
import { onOneServer } from "../on-one-server.js"

const EVERY_MS = 10

/** A server forgets the scripts all the time; the library sends them again, and nobody notices. */
export const SCRIPTS_FORGOTTEN: FaultRow = {
  number: 17,
  name: "SCRIPT FLUSH every 10 ms",
  topologies: ["one server"],
  async run(site) {
    const { signal, scale, times, note } = site
    return onOneServer(site, {}, async ({ load, ask }) => {
      const forMs = scale === "full" ? times(60_000, 0) : 2_000
      note(`for ${forMs / 1_000} s`)
      const until = performance.now() + forMs
      const running = load.run(forMs, signal)
      let flushes = 0
      while (performance.now() < until && !signal.aborted) {
        await ask("SCRIPT", "FLUSH")
        flushes += 1
        await pause(EVERY_MS)
      }
      await running
      const missed = Number(/errorstat_NOSCRIPT:count=(\d+)/.exec(String(await ask("INFO", "errorstats")))?.[1] ?? 0)
      const why = missed === 0 ? ["Expected the server to have missed a script, got none missed"] : []
      return { tried: flushes, figures: { "scripts missed": missed }, why }
    })
  },
}
