import type { RedisClientLike } from "coatcheck"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultFinding, FaultSite } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"

/** A way in which nothing goes through for a while. */
export interface Hole {
  open(): void
  close(): void
  /** Made so far, where that can be told. */
  connections?(): number
}

const RUN_MS = 200
const TIMEOUT_MS = 300
/** A connection that is being made may have to be given up first, and TCP waits longer each time before it sends again. */
const RECOVERS_MS = 10_000

/** Lets a load run into a hole again and again. */
export async function holdOut(site: FaultSite, store: string | RedisClientLike, version: string, hole: Hole): Promise<FaultFinding> {
  const { seed, scale, signal, times, note } = site
  const holes = times(6, 1)
  const holeMs = scale === "full" ? 3_000 : 1_200
  let recoveredMs = 0
  await using load = await FaultLoad.start({ store, seed, timeout: `${TIMEOUT_MS}ms` })
  const before = hole.connections?.() ?? 0
  for (let i = 1; i <= holes; i++) {
    note(`hole ${i} of ${holes}`)
    await load.run(RUN_MS, signal)
    hole.open()
    try {
      await load.run(holeMs, signal)
    } finally {
      hole.close()
    }
    recoveredMs = Math.max(recoveredMs, await load.recovered())
  }
  const found = await load.finish()
  const made = (hole.connections?.() ?? 0) - before
  const why = limitsHeld(found, { timeoutMs: TIMEOUT_MS })
  if (found.silenceMs < holeMs - TIMEOUT_MS) why.push(`Expected no answer for ${holeMs} ms, got one after ${Math.round(found.silenceMs)} ms`)
  if (recoveredMs > RECOVERS_MS) why.push(`Expected calls to succeed within ${RECOVERS_MS} ms of the line's mending, took ${Math.round(recoveredMs)} ms`)
  if (hole.connections !== undefined && typeof store === "string" && made < holes) why.push(`Expected ${holes} connections made anew, got ${made}`)
  return {
    version,
    tried: holes,
    figures: {
      calls: found.operations,
      unknown: found.unknown,
      "longest call ms": Math.round(found.longestCallMs),
      "recovered ms": Math.round(recoveredMs),
      ...(hole.connections === undefined ? {} : { "connections made anew": made }),
    },
    summary: { "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)) },
    why,
  }
}
