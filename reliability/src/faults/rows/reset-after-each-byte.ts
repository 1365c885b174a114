import { createSessionService } from "coatcheck"
import { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { StoreServer } from "../../servers/StoreServer.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import type { FaultRow } from "../fault-row.js"
import { judge } from "../judge.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { CutLane, type CutPoint } from "../network/CutLane.js"
import { RECORDED_CALLS } from "../network/recorded-calls.js"
import { Standstills } from "../Standstills.js"

const LANES = 8
const TIMEOUT_MS = 1_000
/** Some calls are over before the byte that was to be their last. */
const SHARE_STRUCK = 0.9

/** A connection that is reset after any byte of any call leaves an answer that is true, or an error that says what is known. */
export const RESET_AFTER_EACH_BYTE: FaultRow = {
  number: 13,
  name: "connection reset after any byte",
  topologies: ["one server"],
  nearCache: "none",
  async run({ kind, client, signal, times, note }) {
    const origin = process.hrtime.bigint()
    using standstills = new Standstills(origin)
    await using server = await StoreServer.start(kind)
    const recorder = new HistoryRecorder(origin)
    const direct = await createSessionService<Attributes>({ store: server.url })
    const lanes: CutLane[] = []
    let struck = 0
    try {
      for (let number = 0; number < LANES; number++) lanes.push(await CutLane.start(server.port, { client, recorder, number, direct }))
      const points = cutPoints(await conversations(lanes[0]), times(2_200, 66))
      let next = 0
      const work = async (lane: CutLane): Promise<void> => {
        for (let at = next++; at < points.length; at = next++) {
          signal.throwIfAborted()
          if (at % 50 === 0) note(`cut ${at} of ${points.length}`)
          if (await lane.cut(points[at] as CutPoint, `cut ${at}`)) struck += 1
        }
      }
      await Promise.all(lanes.map(work))
      const lines = recorder.take()
      const found = judge(lines, { standstills })
      const why = limitsHeld(found, { timeoutMs: TIMEOUT_MS })
      if (struck < points.length * SHARE_STRUCK) why.push(`Expected ${points.length} cuts, got ${struck}`)
      const told = struck - found.unknown - found.failed
      if (told <= 0) why.push("Expected calls to be answered all the same, got none")
      return {
        version: server.version,
        tried: struck,
        figures: {
          calls: found.operations,
          "answered all the same": told,
          unknown: found.unknown,
          "surely not applied": found.failed,
          "false results": found.violations.length,
          "longest call ms": Math.round(found.longestCallMs),
        },
        summary: { "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)) },
        why,
      }
    } finally {
      for (const lane of lanes) await lane[Symbol.asyncDispose]()
      await direct.close()
    }
  },
}

/** Every byte after which a call can be cut. */
async function conversations(lane: CutLane | undefined): Promise<CutPoint[]> {
  const all: CutPoint[] = []
  for (const call of Object.keys(RECORDED_CALLS)) {
    const moved = await lane?.measure(call)
    for (const direction of ["requests", "replies"] as const) {
      for (let bytes = 0; bytes < (moved?.[direction] ?? 0); bytes++) all.push({ call, direction, bytes })
    }
  }
  return all
}

/** So many of them, evenly over all calls. */
function cutPoints(all: readonly CutPoint[], count: number): readonly CutPoint[] {
  const step = Math.max(1, all.length / count)
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * step)] as CutPoint)
}
