import { setTimeout as pause } from "node:timers/promises"
import { SessionError } from "coatcheck"
import { Cluster } from "../../servers/Cluster.js"
import { slotOfToken } from "../../servers/key-slot.js"
import { SlotMover } from "../../servers/SlotMover.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import type { LoadFinding } from "../judge.js"
import { beyondDeadline, limitsHeld } from "../limits.js"

const TIMEOUT_MS = 500
const GIANT = "giant"
const SIDE_BY_SIDE = 64
const QUIET_MS = 500

/** The slot of a user with very many sessions moves. It takes longer than a call may: sign-ins of that slot fail in a way that may be tried again, the rest goes on. */
export const GIANT_SLOT_MOVED: FaultRow = {
  number: 12,
  name: "slot of a giant user moved",
  topologies: ["cluster"],
  onlyInFull: "left to the full run; quick: 11 moves slots",
  async run({ kind, client, seed, scale, signal, times, note }) {
    const sessions = times(100_000, 2_000)
    // Few sessions are moved slowly, so that this takes longer than a call may too.
    const step = scale === "full" ? { batches: 1_000, ms: 1 } : { batches: 40, ms: 25 }
    await using cluster = await Cluster.start(kind)
    const opened = await openStore(client, cluster.url)
    try {
      await using load = await FaultLoad.start({ store: opened.store, seed, users: 120, clients: 4, paceMs: 5, timeout: `${TIMEOUT_MS}ms` })
      const tokens = await signInGiant(load, sessions, signal, note)
      const slot = slotOfToken(tokens[0] ?? "")
      const quietFrom = load.now()
      await load.run(QUIET_MS, signal)
      await using mover = await SlotMover.connect(cluster)
      note("moving")
      const [from, began] = [load.now(), performance.now()]
      const signIns = { done: false, answered: 0, refused: 0, unanswered: 0, strange: new Set<string>() }
      const work = signInMeanwhile(load, signIns)
      await mover.move(slot, { batch: sessions / step.batches, whileSplit: () => pause(step.ms, undefined, { signal }) }).finally(() => {
        signIns.done = true
      })
      await work
      const [to, moveMs] = [load.now(), performance.now() - began]
      await load.run(QUIET_MS, signal)
      const [first, last] = [await load.service.getSession(tokens[0] ?? ""), await load.service.getSession(tokens.at(-1) ?? "")]
      const after = await load.service.createSession({ userId: GIANT, attributes: { text: "after" } })
      const { tryAgain, failedInScripts } = await mover.counts()
      const found = await load.finish()
      const why = [...limitsHeld(found, { timeoutMs: TIMEOUT_MS }), ...signIns.strange]
      if (first === null || last === null || after.session.userId !== GIANT) why.push("Expected the giant user's sessions to be there after the move")
      if (tryAgain === 0) why.push("Expected sign-ins to meet a slot that lies on two nodes, got none")
      if (moveMs > 2 * TIMEOUT_MS && signIns.refused + signIns.unanswered === 0)
        why.push("Expected sign-ins to fail when a move takes longer than a call may, got none that did")
      if (failedInScripts > 0) why.push(`Expected every script that began to come to its end, got ${failedInScripts} that did not`)
      return {
        version: cluster.version,
        tried: 1,
        figures: {
          sessions,
          "move ms": Math.round(moveMs),
          TRYAGAIN: tryAgain,
          "sign-ins refused": signIns.refused,
          "sign-ins answered": signIns.answered,
          "sign-ins without an answer": signIns.unanswered,
          "others' p99 before ms": percentile(found, quietFrom, from),
          "others' p99 meanwhile ms": percentile(found, from, to),
          "longest call ms": Math.round(found.longestCallMs),
        },
        summary: {
          "slots moved under load": 1,
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

async function signInGiant({ service }: FaultLoad, sessions: number, signal: AbortSignal, note: (text: string) => void): Promise<readonly string[]> {
  const tokens: string[] = []
  while (tokens.length < sessions) {
    signal.throwIfAborted()
    note(`${tokens.length} of ${sessions} sessions`)
    const width = Math.min(SIDE_BY_SIDE, sessions - tokens.length)
    const some = await Promise.all(Array.from({ length: width }, () => service.createSession({ userId: GIANT, attributes: { text: "-" } })))
    tokens.push(...some.map(({ token }) => token))
  }
  return tokens
}

async function signInMeanwhile(
  load: FaultLoad,
  counts: { done: boolean; answered: number; refused: number; unanswered: number; strange: Set<string> },
): Promise<void> {
  while (!counts.done) {
    try {
      await load.service.createSession({ userId: GIANT, attributes: { text: "meanwhile" } })
      counts.answered += 1
    } catch (error) {
      if (!SessionError.is(error)) throw error
      if (error.outcome === "not-applied") counts.refused += 1
      // While it hands over thousands of keys at once a server answers nobody, on a busy machine for longer than a call may take.
      else counts.unanswered += 1
      if (!error.retryable || (error.outcome !== "not-applied" && error.code !== "ERR_STORE_TIMEOUT"))
        counts.strange.add(`Expected a sign-in to be refused as not applied, or unanswered, and retryable, got ${error.code}, ${error.outcome}`)
    }
    await pause(20)
  }
}

function percentile({ lines }: LoadFinding, from: number, to: number): number {
  const took = lines.filter(({ call, settled }) => call >= from && settled <= to).map(({ call, settled }) => settled - call)
  took.sort((a, b) => a - b)
  return Math.round((took[Math.floor(took.length * 0.99)] ?? 0) / 10_000) / 100
}
