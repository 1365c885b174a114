import type { FaultRow } from "../fault-row.js"
import { onOneRateServer } from "../rates/on-one-rate-server.js"

const RUN_MS = { quick: 250, full: 800 } as const

/** While the server stands still each rule answers as it says for an outage, in time; what the server finds in its sockets when it goes on counts, and nothing twice. */
export const RATES_SERVER_STOPPED: FaultRow = {
  number: 5,
  name: "rate limits: server stopped for a while (SIGSTOP)",
  topologies: ["one server"],
  nearCache: "none",
  async run(site) {
    const { signal, scale, times, note } = site
    const [stopMs, timeoutMs] = scale === "full" ? [5_000, 1_000] : [900, 500]
    return onOneRateServer(site, { timeoutMs }, async ({ server, load }) => {
      const stops = times(6, 1)
      let recoveredMs = 0
      try {
        for (let i = 1; i <= stops; i++) {
          note(`stop ${i} of ${stops}`)
          await load.run(RUN_MS[scale], signal)
          const away = async (): Promise<void> => {
            server.pause()
            await Promise.all([load.run(stopMs, signal), load.askForEachWord()])
            server.resume()
          }
          recoveredMs = Math.max(recoveredMs, await load.disturbing(away))
        }
        await load.run(RUN_MS[scale], signal)
      } finally {
        server.resume()
      }
      return { tried: stops, isOutage: true, figures: { "recovered ms": Math.round(recoveredMs) } }
    })
  },
}
