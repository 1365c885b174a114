import { createRateLimitingService } from "coatcheck/rate-limit"
import { StoreServer } from "../../servers/StoreServer.js"
import type { FaultRow } from "../fault-row.js"
import { SETTLES_MS } from "../limits.js"
import type { Cut } from "../network/FaultProxy.js"
import { countsOf, LASTING_RULES, LOST_CALLS, type LostAnswer, wrongCount } from "../rates/lost-calls.js"
import { CUT_TIMEOUT_MS, RateCutLane } from "../rates/RateCutLane.js"
import { Standstills } from "../Standstills.js"

const LANES = 6
/** Some calls are over before the byte that was to be their last. */
const SHARE_STRUCK = 0.9

interface CutPoint extends Cut {
  readonly call: string
}

/** The connection breaks after any byte of any call of rate limits. Nothing is sent twice by the library, and what may have been counted is never given away again. */
export const RATES_REPLIES_LOST: FaultRow = {
  number: 13,
  name: "rate limits: connection reset after any byte",
  topologies: ["one server"],
  nearCache: "none",
  async run({ kind, client, signal, times, note }) {
    using standstills = new Standstills(process.hrtime.bigint())
    await using server = await StoreServer.start(kind)
    await using direct = await createRateLimitingService({ store: server.url, rules: LASTING_RULES, timeout: "20s" })
    const lanes: RateCutLane[] = []
    const made: { readonly call: string; readonly key: string; readonly answer: LostAnswer }[] = []
    const why: string[] = []
    let [struck, longestMs, next] = [0, 0, 0]
    try {
      for (let number = 0; number < LANES; number++) lanes.push(await RateCutLane.start(server.port, client, direct))
      const points = evenly(await everyCut(lanes[0]), times(1_200, 24))
      const work = async (lane: RateCutLane): Promise<void> => {
        for (let at = next++, point = points[at]; point !== undefined; at = next++, point = points[at]) {
          signal.throwIfAborted()
          if (at % 50 === 0) note(`cut ${at} of ${points.length}`)
          const cut = await lane.cut(point.call, point, `cut ${at}`)
          made.push({ call: point.call, key: `cut ${at}`, answer: cut.answer })
          if (cut.struck) struck += 1
          longestMs = Math.max(longestMs, cut.tookMs)
        }
      }
      await Promise.all(lanes.map(work))
      if (struck < points.length * SHARE_STRUCK) why.push(`Expected ${points.length} cuts, got ${struck}`)
    } finally {
      for (const lane of lanes) await lane[Symbol.asyncDispose]()
    }
    // An application's own ioredis client sends a call again by itself, once for each connection that breaks.
    const copies = client === "ioredis" ? 2 : 1
    let twice = 0
    for (const { call, key, answer } of made) {
      const lost = LOST_CALLS[call]
      if (lost === undefined) continue
      const counts = await countsOf(direct, lost, key)
      if (Math.abs((counts[0] ?? 0) - lost.before) > 1) twice += 1
      why.push(...wrongCount(call, lost, answer, counts, copies))
    }
    const told = (answer: LostAnswer): number => made.filter((one) => one.answer === answer).length
    if (copies === 1 && (told("in its place") === 0 || told("unknown") === 0)) why.push("Expected some calls to get no answer of the store, got one for each")
    if (copies === 2 && twice === 0) why.push("Expected a client that sends again by itself to be counted twice, got none")
    const beyondMs = Math.max(0, longestMs - CUT_TIMEOUT_MS - standstills.longest / 1_000_000)
    if (beyondMs > SETTLES_MS) why.push(`Expected every call to end within ${CUT_TIMEOUT_MS + SETTLES_MS} ms, got one of ${Math.round(longestMs)} ms`)
    return {
      version: server.version,
      tried: struck,
      figures: {
        "answered all the same": told("answered"),
        "denied in the store's place": told("in its place"),
        "refunds of unknown outcome": told("unknown"),
        "counted twice, sent again by the client": twice,
        "longest call ms": Math.round(longestMs),
      },
      summary: { "calls of rate limits": made.length, "longest call beyond its deadline (ms)": Math.round(beyondMs) },
      why,
    }
  },
}

async function everyCut(lane: RateCutLane | undefined): Promise<readonly CutPoint[]> {
  const all: CutPoint[] = []
  for (const call of Object.keys(LOST_CALLS)) {
    const moved = await lane?.measure(call)
    for (const direction of ["requests", "replies"] as const)
      for (let bytes = 0; bytes < (moved?.[direction] ?? 0); bytes++) all.push({ call, direction, bytes })
  }
  return all
}

/** So many of each call, evenly over its bytes: refunds are short, and count as much. */
function evenly(all: readonly CutPoint[], count: number): readonly CutPoint[] {
  const share = Math.ceil(count / Object.keys(LOST_CALLS).length)
  return Object.keys(LOST_CALLS).flatMap((call) => {
    const own = all.filter((point) => point.call === call)
    return Array.from({ length: Math.min(share, own.length) }, (_, i) => own[Math.floor((i * own.length) / Math.min(share, own.length))] as CutPoint)
  })
}
