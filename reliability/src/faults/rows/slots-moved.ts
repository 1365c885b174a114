import { setTimeout as pause } from "node:timers/promises"
import { auditStore } from "../../audit/state-audit.js"
import { Cluster } from "../../servers/Cluster.js"
import { SlotMover } from "../../servers/SlotMover.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import type { LoadFinding } from "../judge.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { SplitSlotProbe } from "../SplitSlotProbe.js"

const TIMEOUT_MS = 1_000
const LIMIT = 5
const PROBE_EVERY = 20

/** Slots move under load. Only what takes several keys waits, within its deadline; at the end all is there, also after every node was killed. */
export const SLOTS_MOVED: FaultRow = {
  number: 11,
  name: "slots moved under load, then all nodes killed",
  topologies: ["cluster"],
  async run({ kind, client, seed, signal, times, note }) {
    const [moves, calls] = [times(1_000, 60), times(200_000, 2_000)]
    await using cluster = await Cluster.start(kind, { config: { appendonly: "yes" } })
    const opened = await openStore(client, cluster.url)
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, users: Math.ceil(calls / 200), clients: 16, paceMs: 0, limit: LIMIT })
      const probe = await SplitSlotProbe.open(load.service, "split")
      await load.run(100, signal)
      await using mover = await SlotMover.connect(cluster)
      const why: string[] = []
      let moved = 0
      while (moved < moves || load.calls < calls) {
        for (const slot of await mover.usedSlots()) {
          if (slot === probe.slot) continue
          signal.throwIfAborted()
          note(`${moved} of ${moves} slots moved, ${load.calls} of ${calls} calls`)
          await mover.move(slot, { batch: 2, whileSplit: () => pause(moved % 7) })
          if (moved % PROBE_EVERY === 0) why.push(...(await probe.move(mover)))
          moved += 1
          if (moved >= moves && load.calls >= calls) break
        }
        await load.run(1, signal)
      }
      const [{ tryAgain, ask, failedInScripts }, killedAt] = [await mover.counts(), load.now()]
      note("killing every node")
      await Promise.all(cluster.nodes.map((node) => node.kill()))
      await Promise.all(cluster.nodes.map((node) => node.startAgain()))
      await cluster.waitUntilServing()
      const found = await load.finish()
      const moving = whileMoving(found, killedAt)
      why.push(...limitsHeld(found, { timeoutMs: TIMEOUT_MS }), ...(await whole(cluster)))
      if (failedInScripts > 0) why.push(`Expected every script that began to come to its end, got ${failedInScripts} that did not`)
      if (tryAgain === 0) why.push("Expected calls to meet a slot that lies on two nodes, got none")
      if (moving.singleFailed > 0) why.push(`Expected reads, changes and sign-outs to work while slots move, got ${moving.singleFailed} that failed`)
      if (moving.unknown > 0) why.push(`Expected every call to be told its outcome while slots move, got ${moving.unknown} that were not`)
      const longestWaitMs = Math.round(Math.max(moving.longestWaitMs, probe.longestWaitMs))
      return {
        version: cluster.version,
        tried: moved,
        figures: {
          calls: found.operations,
          "keys moved": mover.keys,
          TRYAGAIN: tryAgain,
          ASK: ask,
          "failed in the middle of a script": failedInScripts,
          "sign-ins refused": moving.waitedInVain,
          "longest wait of a sign-in ms": longestWaitMs,
          "longest other call ms": Math.round(moving.longestOtherMs),
          lost: found.lost,
          "longest call ms": Math.round(found.longestCallMs),
        },
        summary: {
          "slots moved under load": moved,
          "longest wait of a sign-in for a moving slot (ms)": longestWaitMs,
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

/** What calls met before the nodes were killed. Sign-ins and rotations take several keys, all others one. */
function whileMoving({ lines }: LoadFinding, killedAt: number) {
  const settled = lines.filter((line) => line.settled < killedAt)
  const waiting = settled.filter(({ op }) => op === "create" || op === "rotate")
  const single = settled.filter(({ op }) => op !== "create" && op !== "rotate")
  const longest = (some: typeof lines): number => some.reduce((most, { call, settled: end }) => Math.max(most, end - call), 0) / 1_000_000
  return {
    unknown: settled.filter(({ outcome }) => outcome === "unknown").length,
    waitedInVain: waiting.filter(({ outcome }) => outcome === "fail").length,
    singleFailed: single.filter(({ outcome }) => outcome === "fail").length,
    longestWaitMs: longest(waiting),
    longestOtherMs: longest(single),
  }
}

async function whole(cluster: Cluster): Promise<readonly string[]> {
  const audits = await Promise.all((await cluster.primaries()).map(({ url }) => auditStore(url, LIMIT + 1)))
  const broken = audits.flatMap(({ withoutTtl, unlisted, corrupt, stray, beyondLimit }) =>
    Object.entries({ withoutTtl, unlisted, corrupt, stray, beyondLimit }).flatMap(([name, count]) => (count === 0 ? [] : [`audit: ${count} ${name}`])),
  )
  // Slots move to and fro, so a node may well be left without any; whether each session is there, the load has looked.
  return audits.some(({ sessions }) => sessions > 0) ? broken : [...broken, "Expected sessions after the restart, got none"]
}
