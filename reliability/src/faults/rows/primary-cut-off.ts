import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, SessionError } from "coatcheck"
import { Gate } from "../../servers/Gate.js"
import { askStore, SentinelGroup } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { despiteTilt } from "../despite-tilt.js"
import { FaultLoad } from "../FaultLoad.js"
import { failoversSummed } from "../failovers-summed.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"

const TIMEOUT_MS = 1_000
const MAX_LAG_S = 2
/** The server counts in whole seconds, and looks once a second. */
const COUNTING_MS = 2_500
const RUN_MS = 200

interface Cut {
  /** Acknowledged by the old primary while it was cut off, and gone afterwards. */
  readonly acknowledged: number
  readonly lost: number
  readonly refused: number
  /** When the old primary refused the first write, in milliseconds. */
  readonly refusedAfterMs: number | undefined
  readonly failoverMs: number
  readonly why: readonly string[]
}

/** A primary is cut off together with one client, which writes on. Those writes are lost, unless the primary must see a replica: then they stop. */
export const PRIMARY_CUT_OFF: FaultRow = {
  number: 8,
  name: "primary and one client cut off from the others",
  topologies: ["sentinel"],
  onlyInFull: "left to the full run; quick: 14 cuts a line, 7 replaces a primary",
  async run({ kind, client, seed, scale, signal, times, note }) {
    await using gate = await Gate.listen()
    await using group = await SentinelGroup.start(kind, { gate, replicas: 1, ...(scale === "full" ? {} : { downAfterMs: 1_000 }) })
    const opened = await openStore(client, group.url)
    const cuts = new Map<number, Cut[]>([
      [0, []],
      [1, []],
    ])
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, users: 80, clients: 4, paceMs: 10 })
      // A cut with a primary that must see a replica shows both: what is lost until it notices, and that it then refuses.
      const mins = Array.from({ length: times(8, 1) }, (_, at) => (at + 1) % cuts.size)
      for (const [i, min] of mins.entries()) {
        note(`cut ${i + 1} of ${mins.length}`)
        await load.run(RUN_MS, signal)
        const cut = (): Promise<Cut> => despiteTilt(group, async () => backToFirst(group).then(() => cutOff(group, gate, load, min)))
        cuts.get(min)?.push(await load.disrupting(cut))
      }
      const found = await load.finish()
      const all = [...cuts.values()].flat()
      const [free = [], bound = []] = [cuts.get(0), cuts.get(1)]
      const lost = all.reduce((sum, cut) => sum + cut.lost, 0)
      const stopped = Math.round(Math.max(...bound.map(({ refusedAfterMs = 0 }) => refusedAfterMs)))
      const why = [...limitsHeld(found, { timeoutMs: TIMEOUT_MS, mayLose: true }), ...all.flatMap((cut) => cut.why)]
      if (free.some((cut) => cut.lost < cut.acknowledged)) why.push("Expected all that a primary takes while it is cut off to be lost, got some that was not")
      if (free.some((cut) => cut.acknowledged === 0)) why.push("Expected the primary to take writes while it is cut off, got none")
      return {
        version: group.version,
        tried: all.length,
        figures: {
          ...(free.length === 0 ? {} : { "lost each, min-replicas 0": average(free.map((cut) => cut.lost)) }),
          "lost each, min-replicas 1": average(bound.map((cut) => cut.lost)),
          "refused, NOREPLICAS": bound.reduce((sum, cut) => sum + cut.refused, 0),
          "NOREPLICAS after ms": stopped,
          "failover ms": Math.round(Math.max(...all.map(({ failoverMs }) => failoverMs))),
          "longest call ms": Math.round(found.longestCallMs),
          tilt: group.tilts(),
        },
        summary: {
          "acknowledged writes lost, failover": lost + found.lost,
          ...failoversSummed(all.map(({ failoverMs }) => failoverMs)),
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

async function cutOff(group: SentinelGroup, gate: Gate, load: FaultLoad, min: number): Promise<Cut> {
  const [old] = group.stores
  if (old === undefined || (await group.primary()) !== old) throw new Error("Expected the first store to be the primary before it is cut off")
  await askStore(old, ["CONFIG", "SET", "min-replicas-to-write", String(min), "min-replicas-max-lag", String(MAX_LAG_S)])
  // The other primary has no replica for the time of the cut.
  for (const store of group.stores.slice(1)) await askStore(store, ["CONFIG", "SET", "min-replicas-to-write", "0"])
  const left = await createSessionService<Attributes>({ store: old.url })
  try {
    const [began, tokens, cut] = [performance.now(), [] as string[], { refused: 0, refusedAfterMs: undefined as number | undefined, why: [] as string[] }]
    const writing = { on: true }
    gate.shut()
    const work = (async (): Promise<void> => {
      while (writing.on) {
        try {
          tokens.push((await left.createSession({ userId: `left-${tokens.length}`, attributes: { text: "-" } })).token)
        } catch (error) {
          if (!SessionError.is(error)) throw error
          cut.refused += 1
          cut.refusedAfterMs ??= performance.now() - began
          if (error.outcome !== "not-applied" || !error.retryable)
            cut.why.push(`Expected a refused write to be retryable and not applied, got ${error.code}, ${error.outcome}`)
        }
        await pause(10)
      }
    })()
    let failoverMs = 0
    try {
      failoverMs = await load.recovered(20_000)
      await pause(Math.max(0, MAX_LAG_S * 1_000 + COUNTING_MS - (performance.now() - began)))
    } finally {
      writing.on = false
      await work.finally(() => gate.open())
    }
    await waitUntil("the old primary to be a replica", 20_000, async () => String(((await askStore(old, ["ROLE"])) as unknown[])[0]) === "slave")
    const after = await Promise.all(tokens.map((token) => load.service.getSession(token)))
    const lost = after.filter((session) => session === null).length
    if (min > 0 && cut.refused === 0) cut.why.push("Expected a primary that sees no replica to refuse writes, got none that was refused")
    return { ...cut, acknowledged: tokens.length, lost, failoverMs }
  } finally {
    await left.close()
    await group.waitUntilWhole()
  }
}

async function backToFirst(group: SentinelGroup): Promise<void> {
  const primary = await group.primary()
  if (primary === group.stores[0]) return
  await group.failOver()
  await group.waitForPrimaryBut(primary)
  await group.waitUntilWhole()
}

function average(numbers: readonly number[]): string {
  return (numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length)).toFixed(1)
}
