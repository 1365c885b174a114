import { Cluster } from "../../servers/Cluster.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import { failoversSummed } from "../failovers-summed.js"
import type { FaultRow, FaultSite } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { type ShareFinding, ShareWatch } from "../ShareWatch.js"
import { replicationOf, Takeovers } from "../Takeovers.js"

const TIMEOUT_MS = 1_000
const SHARES = 3
const RESTORED_MS = 20_000
const RUN_MS = 100

/** A replica takes over, asked to or because its primary was killed. The slots of the others notice nothing; a takeover that was asked for loses nothing. */
export const CLUSTER_TAKEOVERS: FaultRow = {
  number: 9,
  name: "cluster primary killed, or replaced by its replica",
  topologies: ["cluster"],
  async run(site) {
    const { kind, client, scale, times } = site
    // By default no slot at all is served from the moment a node is given up until its replica has taken over.
    const config = { "cluster-require-full-coverage": "no" }
    await using cluster = await Cluster.start(kind, { replicas: 1, config, ...(scale === "full" ? {} : { nodeTimeoutMs: 1_000 }) })
    const opened = await openStore(client, cluster.url)
    const changes = new Takeovers(cluster)
    try {
      const asked = await takeovers(site, cluster, opened.store, changes, { count: times(50, 2), killed: false })
      const killed = await takeovers(site, cluster, opened.store, changes, { count: times(20, 1), killed: true })
      const why = [...asked.why, ...killed.why]
      const tried = asked.count + killed.count
      return {
        version: cluster.version,
        tried,
        figures: {
          calls: asked.found.operations + killed.found.operations,
          unknown: asked.found.unknown + killed.found.unknown,
          "lost, asked": asked.found.lost,
          "lost, killed": killed.found.lost,
          "own slots away ms, asked": asked.ownMs,
          "own slots away ms, killed": killed.ownMs,
          "other slots away ms": Math.max(asked.othersMs, killed.othersMs),
          "this process late ms": Math.round(Math.max(asked.found.lateMs, killed.found.lateMs)),
          "longest call ms": Math.round(Math.max(asked.found.longestCallMs, killed.found.longestCallMs)),
        },
        summary: {
          "acknowledged writes lost, failover": asked.found.lost + killed.found.lost,
          "partial records": asked.found.partial + killed.found.partial,
          "longest call beyond its deadline (ms)": Math.round(Math.max(...[asked, killed].map(({ found }) => beyondDeadline(found, TIMEOUT_MS)))),
          ...failoversSummed([...asked.away, ...killed.away]),
        },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}

interface Asked {
  readonly count: number
  readonly killed: boolean
}

async function takeovers({ seed, signal, note }: FaultSite, cluster: Cluster, store: FaultLoadStore, changes: Takeovers, { count, killed }: Asked) {
  await using load = await FaultLoad.start({ store, seed: seed + Number(killed), users: 120, clients: 6, paceMs: 10 })
  const watch = await ShareWatch.open(load.service, SHARES, load)
  const [own, others]: [ShareFinding[], ShareFinding[]] = [[], []]
  for (let i = 0; i < count; i++) {
    note(`${killed ? "kill" : "takeover"} ${i + 1} of ${count}`)
    const share = i % SHARES
    await changes.electable(share, signal)
    watch.begin()
    await load.run(RUN_MS, signal)
    const old = await (killed ? load.disrupting(() => changes.takeOver(share, killed)) : changes.takeOver(share, killed))
    await load.run(RUN_MS, signal)
    const shares = await watch.end()
    for (const [at, found] of shares.entries()) (at === share ? own : others).push(found)
    if (killed) await old.startAgain()
    await waitUntil("the old primary to be a replica in sync", RESTORED_MS, async () => (await replicationOf(old)).includes("master_link_status:up"))
    await cluster.waitUntilServing()
    // Else what is left of this takeover would count against the next share.
    await watch.answering(RESTORED_MS)
  }
  const found = await load.finish()
  const why = limitsHeld(found, { timeoutMs: TIMEOUT_MS, mayLose: killed })
  const hurt = others.filter(({ calls, answered, heldUp }) => answered === 0 || answered + heldUp < calls)
  if (own.some(({ gone }) => gone > 0)) why.push("Expected a session that had long been replicated to be there after a takeover, got none")
  if (hurt.length > 0) {
    const [retryable, unknown] = [hurt.reduce((sum, one) => sum + one.retryable, 0), hurt.reduce((sum, one) => sum + one.unknown, 0)]
    const what = `${retryable} calls that may be tried again and ${unknown} without an answer in ${hurt.length} of ${others.length} watches`
    why.push(`Expected the slots of other nodes to be served all the while, got ${what}`)
  }
  const longest = (findings: readonly ShareFinding[]): number => Math.round(Math.max(0, ...findings.map(({ silenceMs }) => silenceMs)))
  return { count, found, why, away: own.map(({ silenceMs }) => silenceMs), ownMs: longest(own), othersMs: longest(others) }
}

type FaultLoadStore = Parameters<typeof FaultLoad.start>[0]["store"]
