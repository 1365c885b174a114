import { freePort } from "../../servers/free-port.js"
import { startTopology } from "../../servers/start-topology.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { FaultProxy } from "../network/FaultProxy.js"

const RUN_MS = 300
const TIMEOUT_MS = 1_000

/** A node that was taken out, a name that does not resolve and a node that only takes connections stand before the others in the list. */
export const UNREACHABLE_SEEDS: FaultRow = {
  number: 28,
  name: "unreachable nodes and unknown names in the URL",
  topologies: ["sentinel", "cluster"],
  async run({ topology, kind, client, seed, signal, times, note }) {
    if (topology !== "sentinel" && topology !== "cluster") throw new Error(`Expected a topology with several nodes, got ${topology}`)
    await using store = await startTopology(topology, kind)
    await using silent = await FaultProxy.start(await freePort())
    silent.hang()
    const dead = [`127.0.0.1:${await freePort()}`, "nowhere.invalid:6379", `127.0.0.1:${silent.port}`]
    const starts = times(6, 3)
    const why: string[] = []
    let longestStart = 0
    let calls = 0
    let beyond = 0
    for (let i = 0; i < starts; i++) {
      note(`start ${i + 1} of ${starts}`)
      const began = performance.now()
      const opened = await openStore(client, store.url.replace("://", `://${dead[i % dead.length]},`))
      try {
        await using load = await FaultLoad.start({ store: opened.store, seed: seed + i, timeout: `${TIMEOUT_MS}ms`, clients: 4 })
        await load.recovered()
        longestStart = Math.max(longestStart, performance.now() - began)
        await load.run(RUN_MS, signal)
        const found = await load.finish()
        calls += found.operations
        beyond = Math.max(beyond, beyondDeadline(found, TIMEOUT_MS))
        why.push(...limitsHeld(found, { timeoutMs: TIMEOUT_MS }).map((text) => `${dead[i % dead.length]}: ${text}`))
      } catch (error) {
        why.push(`${dead[i % dead.length]}: ${error instanceof Error ? error.message : "failed"}`)
      } finally {
        await opened.close()
      }
    }
    return {
      version: store.version,
      tried: starts,
      figures: { calls, "longest start ms": Math.round(longestStart) },
      summary: { "longest call beyond its deadline (ms)": Math.round(beyond) },
      why,
    }
  },
}
