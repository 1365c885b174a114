import { SentinelGroup } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { despiteTilt } from "../despite-tilt.js"
import { FaultLoad } from "../FaultLoad.js"
import { failoversSummed } from "../failovers-summed.js"
import type { FaultRow } from "../fault-row.js"
import type { LoadFinding } from "../judge.js"
import { beyondDeadline, limitsHeld } from "../limits.js"

const TIMEOUT_MS = 500
const RUN_MS = 300
/** Calls that are under way at the moment of recovery may still be told that time was up. */
const MOVED_MS = 1_000

/** A primary that stops keeps its connections. The clients must leave it for the new one, and what it does when it goes on is never what a caller was told. */
export const STOPPED_PRIMARY: FaultRow = {
  number: 6,
  name: "primary stopped for a while (SIGSTOP), and replaced",
  topologies: ["sentinel"],
  onlyInFull: "left to the full run; quick: 5 stops a server, 7 replaces a primary",
  async run({ kind, client, seed, scale, signal, times, note }) {
    const full = scale === "full"
    const stopMs = full ? 10_000 : 2_500
    await using group = await SentinelGroup.start(kind, full ? {} : { downAfterMs: 1_000 })
    const opened = await openStore(client, group.url)
    const stops = times(3, 1)
    const spans: { readonly from: number; readonly to: number }[] = []
    const awayMs: number[] = []
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, timeout: `${TIMEOUT_MS}ms`, users: 60, paceMs: 5 })
      const stop = async (): Promise<void> => {
        const old = await group.primary()
        old.pause()
        try {
          const began = performance.now()
          awayMs.push(await load.recovered(Math.max(stopMs, 10_000)))
          const from = load.now()
          await load.run(Math.max(0, stopMs - (performance.now() - began)), signal)
          spans.push({ from, to: load.now() })
        } finally {
          old.resume()
        }
        await waitUntil("the old primary to be a replica", 30_000, async () => (await group.primary()) !== old)
        await group.waitUntilWhole()
      }
      for (let i = 1; i <= stops; i++) {
        note(`stop ${i} of ${stops}`)
        await load.run(RUN_MS, signal)
        await load.disrupting(() => despiteTilt(group, stop))
      }
      await load.run(RUN_MS, signal)
      const found = await load.finish()
      const why = limitsHeld(found, { timeoutMs: TIMEOUT_MS, mayLose: true })
      const stuck = spans.reduce((sum, span) => sum + stuckWithin(found, span), 0)
      if (stuck > 0) why.push(`Expected no call to go to the old primary once a new one had answered, got ${stuck}`)
      return {
        version: group.version,
        tried: stops,
        figures: {
          calls: found.operations,
          unknown: found.unknown,
          lost: found.lost,
          "failover ms": Math.round(Math.max(...awayMs)),
          "calls stuck on the old connection": stuck,
          "longest call ms": Math.round(found.longestCallMs),
          tilt: group.tilts(),
        },
        summary: {
          "acknowledged writes lost, failover": found.lost,
          ...failoversSummed(awayMs),
          "partial records": found.partial,
          "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)),
        },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}

function stuckWithin({ lines }: LoadFinding, { from, to }: { readonly from: number; readonly to: number }): number {
  const begun = lines.filter(({ call, settled }) => call > from + MOVED_MS * 1_000_000 && settled < to)
  return begun.filter(({ outcome }) => outcome === "fail" || outcome === "unknown").length
}
