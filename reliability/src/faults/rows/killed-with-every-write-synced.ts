import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { limitsHeld } from "../limits.js"

const RUN_MS = 300

/** A server that writes every change to disk before it answers loses nothing when it is killed. */
export const KILLED_WITH_EVERY_WRITE_SYNCED: FaultRow = {
  number: 1,
  name: "server killed, every write synced",
  topologies: ["one server"],
  async run({ kind, client, seed, signal, times, note }) {
    await using server = await StoreServer.start(kind, { config: { appendonly: "yes", appendfsync: "always" } })
    const opened = await openStore(client, server.url)
    const kills = times(20, 2)
    let down = 0
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed })
      for (let i = 1; i <= kills; i++) {
        note(`kill ${i} of ${kills}`)
        await load.run(RUN_MS, signal)
        await server.kill()
        await server.startAgain()
        down = Math.max(down, await load.recovered())
      }
      const found = await load.finish()
      const why = limitsHeld(found, { timeoutMs: 1_000 })
      return {
        version: server.version,
        tried: kills,
        figures: {
          calls: found.operations,
          unknown: found.unknown,
          lost: found.lost,
          "longest call ms": Math.round(found.longestCallMs),
          "recovered ms": Math.round(down),
        },
        summary: { "acknowledged writes lost, server killed, every write synced": found.lost },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}
