import type { FaultRow } from "../fault-row.js"
import { onOneRateServer } from "../rates/on-one-rate-server.js"

const RUN_MS = 600

/** A server that keeps nothing on disk is killed: rules answer as they say for an outage, and then everybody begins anew, once for each time. */
export const RATES_SERVER_KILLED: FaultRow = {
  number: 4,
  name: "rate limits: server killed, nothing kept on disk",
  topologies: ["one server"],
  nearCache: "none",
  onlyInFull: "left to the full run; quick: 4 kills a server, 5 stops one that limits rates",
  async run(site) {
    const { signal, scale, times, note } = site
    // While it is away for longer than a window, nothing is left to be lost.
    const awayMs = [100, scale === "full" ? 2_000 : 800]
    return onOneRateServer(site, {}, async ({ server, load }) => {
      // Briefly, and for longer than any call waits.
      const kills = Math.max(2, times(10, 2))
      for (let i = 1; i <= kills; i++) {
        note(`kill ${i} of ${kills}`)
        await load.run(RUN_MS, signal)
        await load.disturbing(async () => {
          await server.kill()
          await load.run(awayMs[(i - 1) % 2] ?? 0, signal)
          await server.startAgain()
        })
      }
      await load.run(RUN_MS, signal)
      return { tried: kills, mayLose: true, isOutage: true }
    })
  },
}
