import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import { ServerClock } from "../clocks/ServerClock.js"
import type { FaultRow } from "../fault-row.js"
import { type ClockPhase, judgeClockPhases } from "../rates/judge-clock-phases.js"
import { RateLoad } from "../rates/RateLoad.js"

const TIMEOUT_MS = 5_000
const RUN_MS = { quick: 500, full: 2_500 } as const
/** An hour, and so little that counts of a window that has not come yet are there. */
const SHIFTS_MS = [3_600_000, 350] as const
const MICROSECONDS = 1_000

/**
 * The server's clock jumps under limits. Ahead, the limit can be had once more; back, it cannot, and nobody is limited for longer than if all had just been used up.
 */
export const RATES_CLOCK_SET: FaultRow = {
  number: 25,
  name: "rate limits: server clock set ahead and back",
  topologies: ["one server"],
  nearCache: "none",
  needs: ["gcc"],
  onlyInFull: "left to the full run; quick: 25 sets a clock",
  async run({ kind, client, seed, scale, signal, times, note }) {
    using clock = await ServerClock.build()
    await using server = await StoreServer.start(kind, { environment: clock.environment })
    const opened = await openStore(client, server.url)
    try {
      await using load = await RateLoad.start({ store: opened.store, seed, timeoutMs: TIMEOUT_MS })
      const rounds = times(6, 1)
      const phases: ClockPhase[] = []
      let began = 0
      let shift = 0
      const set = async (ms: number): Promise<void> => {
        await load.run(RUN_MS[scale], signal)
        const to = load.now()
        clock.shift(ms)
        // What lies ahead counts as if it were taken when it is looked at.
        await load.takeOfEach()
        phases.push({ from: began, to, shift: shift * MICROSECONDS })
        ;[began, shift] = [load.now(), ms]
      }
      for (let i = 1; i <= rounds; i++) {
        note(`round ${i} of ${rounds}`)
        for (const ms of SHIFTS_MS) {
          await set(ms)
          await set(0)
        }
      }
      await load.run(RUN_MS[scale], signal)
      const { lines, offset } = await load.finish()
      phases.push({ from: began, to: Number.POSITIVE_INFINITY, shift: 0 })
      const violations = judgeClockPhases(lines, offset, phases)
      const notAsked = lines.filter(({ judgedBy }) => judgedBy !== "store").length
      const admitted = lines.filter(({ op, answer }) => op === "take" && answer === "done").length
      const denied = lines.filter(({ op, answer }) => op === "take" && answer === "denied").length
      return {
        version: server.version,
        tried: phases.length - 1,
        figures: { calls: lines.length, admitted, denied, "wrong answers": violations.length },
        summary: { "calls of rate limits": lines.length },
        why: [
          ...violations.map(({ rule, subject, what }) => `${rule}, ${subject}: ${what}`),
          ...(notAsked === 0 ? [] : [`Expected the store to decide all the while, got ${notAsked} answers that are not its own`]),
          ...(admitted === 0 || denied === 0 ? [`Expected some calls to be admitted and some to be denied, got ${admitted} and ${denied}`] : []),
        ],
      }
    } finally {
      await opened.close()
    }
  },
}
