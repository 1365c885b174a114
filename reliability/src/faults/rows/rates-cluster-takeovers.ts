import { Cluster } from "../../servers/Cluster.js"
import { askStore } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { failoversSummed } from "../failovers-summed.js"
import type { FaultFinding, FaultRow, FaultSite } from "../fault-row.js"
import { RateLoad } from "../rates/RateLoad.js"
import { ratesFinding } from "../rates/rates-finding.js"
import { replicationOf, Takeovers } from "../Takeovers.js"

const TIMEOUT_MS = 2_000
const RUN_MS = 1_200
const RECOVERS_MS = 30_000
const IN_SYNC_MS = 20_000
const SHARES = 3
const SHOWN = ["calls", "by closed", "by open", "by local", "most units beyond a formula"] as const

/** The primary that holds most counts is replaced by its replica, asked to or because it was killed. Asked to, nothing is lost. */
export const RATES_CLUSTER_TAKEOVERS: FaultRow = {
  number: 9,
  name: "rate limits: cluster primary killed, or replaced by its replica",
  topologies: ["cluster"],
  nearCache: "none",
  onlyInFull: "left to the full run; quick: 9 does so to a cluster of sessions",
  async run(site) {
    const config = { "cluster-require-full-coverage": "no" }
    await using cluster = await Cluster.start(site.kind, { replicas: 1, config })
    const opened = await openStore(site.client, cluster.url)
    const changes = new Takeovers(cluster)
    try {
      const asked = await takeovers(site, cluster, opened.store, changes, false)
      const killed = await takeovers(site, cluster, opened.store, changes, true)
      const named = (how: string, { figures }: FaultFinding) => Object.fromEntries(SHOWN.map((name) => [`${name}, ${how}`, figures[name] ?? 0]))
      return {
        version: cluster.version,
        tried: asked.tried + killed.tried,
        figures: { ...named("asked", asked), ...named("killed", killed) },
        summary: {
          ...killed.summary,
          "calls of rate limits": (asked.summary?.["calls of rate limits"] ?? 0) + (killed.summary?.["calls of rate limits"] ?? 0),
          ...failoversSummed([...asked.away, ...killed.away]),
        },
        why: [...asked.why, ...killed.why],
      }
    } finally {
      await opened.close()
    }
  },
}

type Store = Parameters<typeof RateLoad.start>[0]["store"]

type Found = FaultFinding & { readonly away: readonly number[] }

async function takeovers(site: FaultSite, cluster: Cluster, store: Store, changes: Takeovers, isKilled: boolean): Promise<Found> {
  const { client, seed, signal, times, note } = site
  await using load = await RateLoad.start({ store, seed: seed + Number(isKilled), timeoutMs: TIMEOUT_MS })
  const count = times(10, 1)
  const away: number[] = []
  for (let i = 1; i <= count; i++) {
    note(`${isKilled ? "kill" : "takeover"} ${i} of ${count}`)
    await load.run(RUN_MS, signal)
    const share = await fullestShare(cluster)
    await changes.electable(share, signal)
    const began = performance.now()
    await load.disturbing(async () => {
      const old = await changes.takeOver(share, isKilled)
      await load.recovered(RECOVERS_MS)
      away.push(performance.now() - began)
      if (isKilled) await old.startAgain()
      await waitUntil("the old primary to be a replica in sync", IN_SYNC_MS, async () => (await replicationOf(old)).includes("master_link_status:up"))
      await cluster.waitUntilServing()
    })
  }
  await load.run(RUN_MS, signal)
  const finding = ratesFinding(site, await load.finish(), {
    version: cluster.version,
    tried: count,
    timeoutMs: TIMEOUT_MS,
    mayLose: isKilled,
    // A client that waits and sends again lets few calls come to the end of their time.
    isOutage: isKilled && client === "node-redis" ? true : "perhaps",
  })
  return { ...finding, away }
}

async function fullestShare(cluster: Cluster): Promise<number> {
  const sizes = await Promise.all(cluster.nodes.slice(0, SHARES).map(async (node) => Number(await askStore(node, ["DBSIZE"]))))
  return sizes.indexOf(Math.max(...sizes))
}
