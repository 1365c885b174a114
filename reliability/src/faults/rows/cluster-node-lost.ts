import { Cluster } from "../../servers/Cluster.js"
import { askStore } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { limitsHeld } from "../limits.js"
import { ShareWatch } from "../ShareWatch.js"

const SHARES = 3
const GIVEN_UP_MS = 20_000

/** A node without a replica is killed. Its slots fail in a way that may be tried again, the others are served, and all are once it is back. */
export const CLUSTER_NODE_LOST: FaultRow = {
  number: 10,
  name: "cluster node without a replica killed",
  topologies: ["cluster"],
  onlyInFull: "left to the full run; quick: 9 kills a cluster node",
  async run({ kind, client, seed, scale, signal, times, note }) {
    const full = scale === "full"
    const config = { "cluster-require-full-coverage": "no", appendonly: "yes" }
    await using cluster = await Cluster.start(kind, { config, ...(full ? {} : { nodeTimeoutMs: 1_000 }) })
    const opened = await openStore(client, cluster.url)
    const kills = times(6, 1)
    const figures = { calls: 0, answered: 0, retryable: 0, unknown: 0, others: 0 }
    const why: string[] = []
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, users: 60, clients: 3, paceMs: 10 })
      const watch = await ShareWatch.open(load.service, SHARES)
      for (let i = 0; i < kills; i++) {
        note(`kill ${i + 1} of ${kills}`)
        const lost = cluster.nodes[i % SHARES]
        const left = cluster.nodes.filter((node) => node !== lost)
        await lost?.kill()
        watch.begin()
        for (const node of left)
          await waitUntil("the node to be given up", GIVEN_UP_MS, async () =>
            /cluster_slots_fail:[1-9]/.test(String(await askStore(node, ["CLUSTER", "INFO"]))),
          )
        await load.run(full ? 2_000 : 300, signal)
        const shares = await watch.end()
        await lost?.startAgain()
        await cluster.waitUntilServing()
        for (const [at, found] of shares.entries()) {
          figures.calls += found.calls
          figures.answered += found.answered
          figures.unknown += found.unknown
          figures.retryable += found.retryable
          if (at === i % SHARES && found.answered > 0) why.push("Expected the slots of a node that was killed not to be served, got answers")
          if (at === i % SHARES && found.retryable === 0) why.push("Expected calls to slots that are away to be refused as not applied and retryable, got none")
          if (at !== i % SHARES && found.answered < found.calls) {
            figures.others += found.calls - found.answered
            why.push(`Expected the slots of the other nodes to be served, got ${found.calls - found.answered} of ${found.calls} calls that failed`)
          }
        }
        await load.recovered()
      }
      const found = await load.finish()
      why.push(...limitsHeld(found, { timeoutMs: 1_000 }))
      return {
        version: cluster.version,
        tried: kills,
        figures: {
          "calls to every share": figures.calls,
          "share served": (figures.answered / figures.calls).toFixed(2),
          "refused, may be tried again": figures.retryable,
          unknown: figures.unknown,
          "failed in other shares": figures.others,
          lost: found.lost,
          "longest call ms": Math.round(found.longestCallMs),
        },
        summary: { "partial records": found.partial },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}
