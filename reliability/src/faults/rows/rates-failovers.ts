import { setTimeout as pause } from "node:timers/promises"
import { askStore, SentinelGroup } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { despiteTilt } from "../despite-tilt.js"
import { cutOff, reach } from "../failover-rounds.js"
import { failoversSummed } from "../failovers-summed.js"
import type { FaultRow } from "../fault-row.js"
import { RateLoad } from "../rates/RateLoad.js"
import { ratesFinding } from "../rates/rates-finding.js"

const TIMEOUT_MS = 2_000
const RUN_MS = 1_200
const UNHEARD_MS = 300
const RECOVERS_MS = 30_000
const REPLICA_MS = 20_000

/**
 * A primary that no replica hears any more is killed, or one that is well is replaced. What was counted last may be lost, and once for each time as much as the
 * limit is admitted anew at most; until the new primary is heard, each rule answers as it says for an outage, in time.
 */
export const RATES_FAILOVERS: FaultRow = {
  number: 7,
  name: "rate limits: primary killed or replaced under Sentinel",
  topologies: ["sentinel"],
  nearCache: "none",
  onlyInFull: "left to the full run; quick: 7 replaces a primary, 5 stops a server that limits rates",
  async run(site) {
    const { kind, client, seed, signal, times, note } = site
    await using group = await SentinelGroup.start(kind)
    const opened = await openStore(client, group.url)
    try {
      await using load = await RateLoad.start({ store: opened.store, seed, timeoutMs: TIMEOUT_MS })
      const rounds = times(10, 1)
      const away: number[] = []
      for (let i = 0; i < rounds * 2; i++) {
        note(`failover ${i + 1} of ${rounds * 2}`)
        await load.run(RUN_MS, signal)
        const old = await group.primary()
        const round = i % 2 === 0 ? crash(group, old) : replace(group, old)
        const began = performance.now()
        await load.disturbing(async () => {
          await despiteTilt(group, round)
          await load.recovered(RECOVERS_MS)
          away.push(performance.now() - began)
          if (i % 2 === 0) await group.bringBack(old)
          await group.waitUntilWhole()
        })
      }
      await load.run(RUN_MS, signal)
      const figures = { "away ms, most": Math.round(Math.max(...away)), tilt: group.tilts() }
      const summary = failoversSummed(away)
      return ratesFinding(site, await load.finish(), {
        version: group.version,
        tried: away.length,
        timeoutMs: TIMEOUT_MS,
        mayLose: true,
        // A client that waits and sends again lets few calls come to the end of their time.
        isOutage: client === "node-redis" ? true : "perhaps",
        figures,
        summary,
      })
    } finally {
      await opened.close()
    }
  },
}

type Store = SentinelGroup["stores"][number]

function crash(group: SentinelGroup, old: Store): () => Promise<void> {
  const replicas = group.stores.filter((store) => store !== old)
  let isKilled = false
  return async () => {
    if (!isKilled) {
      await cutOff(replicas)
      await pause(UNHEARD_MS)
      await old.kill()
      await reach(replicas)
      isKilled = true
    }
    await group.waitForPrimaryBut(old)
  }
}

function replace(group: SentinelGroup, old: Store): () => Promise<void> {
  return async () => {
    await group.failOver()
    await group.waitForPrimaryBut(old)
    await waitUntil("the old primary to be a replica", REPLICA_MS, async () => String(((await askStore(old, ["ROLE"])) as unknown[])[0]) === "slave")
  }
}
