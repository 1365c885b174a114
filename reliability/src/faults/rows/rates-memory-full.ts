import type { FaultRow } from "../fault-row.js"
import { onOneRateServer } from "../rates/on-one-rate-server.js"

const RUN_MS = { quick: 250, full: 800 } as const

/** A server whose memory is full counts nothing: rules answer as they say for an outage, and places of leases can be given back. */
export const RATES_MEMORY_FULL: FaultRow = {
  number: 19,
  name: "rate limits: memory full, noeviction",
  topologies: ["one server"],
  nearCache: "none",
  async run(site) {
    const { signal, scale, times, note } = site
    const fullMs = scale === "full" ? 2_000 : 300
    return onOneRateServer(site, { config: { "maxmemory-policy": "noeviction" } }, async ({ load, ask }) => {
      const rounds = times(10, 1)
      for (let i = 1; i <= rounds; i++) {
        note(`round ${i} of ${rounds}`)
        await load.run(RUN_MS[scale], signal)
        await load.disturbing(async () => {
          await ask("CONFIG", "SET", "maxmemory", "1")
          await load.run(fullMs, signal)
          await ask("CONFIG", "SET", "maxmemory", "0")
        })
      }
      await load.run(RUN_MS[scale], signal)
      const refused = Number(/errorstat_OOM:count=(\d+)/.exec(String(await ask("INFO", "errorstats")))?.[1] ?? 0)
      const why = refused === 0 ? ["Expected the server to refuse calls because its memory is full, got none refused"] : []
      return { tried: rounds, isOutage: true, figures: { "refused by the server": refused }, why }
    })
  },
}
