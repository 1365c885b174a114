import { setTimeout as pause } from "node:timers/promises"
import { Cluster } from "../../servers/Cluster.js"
import { SlotMover } from "../../servers/SlotMover.js"
import { openStore } from "../../workloads/open-store.js"
import type { FaultRow } from "../fault-row.js"
import { RateLoad } from "../rates/RateLoad.js"
import { ratesFinding } from "../rates/rates-finding.js"

/** Calls of several rules wait while their slot lies on two nodes. */
const TIMEOUT_MS = 5_000
const RUN_MS = 300

/** The slots of all counts move again and again. The store decides all the while, and no count is lost or made twice. */
export const RATES_SLOTS_MOVED: FaultRow = {
  number: 11,
  name: "rate limits: slots moved under load",
  topologies: ["cluster"],
  nearCache: "none",
  onlyInFull: "left to the full run; quick: 11 moves slots of sessions",
  async run(site) {
    const { kind, client, seed, signal, times, note } = site
    await using cluster = await Cluster.start(kind)
    const opened = await openStore(client, cluster.url)
    try {
      await using load = await RateLoad.start({ store: opened.store, seed, timeoutMs: TIMEOUT_MS })
      await load.run(RUN_MS, signal)
      await using mover = await SlotMover.connect(cluster)
      const moves = times(300, 20)
      let moved = 0
      while (moved < moves) {
        for (const slot of await mover.usedSlots()) {
          signal.throwIfAborted()
          note(`${moved} of ${moves} slots moved`)
          await mover.move(slot, { batch: 2, whileSplit: () => pause(moved % 7) })
          moved += 1
        }
        await load.run(1, signal)
      }
      await load.run(RUN_MS, signal)
      const { tryAgain, ask, failedInScripts } = await mover.counts()
      return ratesFinding(site, await load.finish(), {
        version: cluster.version,
        tried: moved,
        timeoutMs: TIMEOUT_MS,
        figures: { "keys moved": mover.keys, TRYAGAIN: tryAgain, ASK: ask, "failed in the middle of a script": failedInScripts },
        summary: { "slots moved under load": moved },
        why: [
          ...(failedInScripts > 0 ? [`Expected every script that began to come to its end, got ${failedInScripts} that did not`] : []),
          ...(ask === 0 ? ["Expected calls to meet a slot that lies on two nodes, got none"] : []),
        ],
      })
    } finally {
      await opened.close()
    }
  },
}
