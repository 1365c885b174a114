import { createSessionService } from "coatcheck"
import { nearCacheOn } from "../../near/near-mode.js"
import { askStore } from "../../servers/SentinelGroup.js"
import { StoreServer } from "../../servers/StoreServer.js"
import { openStore } from "../../workloads/open-store.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { ServerClock } from "../clocks/ServerClock.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { sessionKeyOf } from "../many-sessions.js"

const HOUR_MS = 3_600_000
const NEAR_MS = 60_000
const RUN_MS = 200
const RECOVERS_MS = 2_000

/** The server's clock jumps. Ahead, sessions end early by the jump; back, late by it, but the absolute deadline is right again as soon as the clock is. */
export const SERVER_CLOCK_SET: FaultRow = {
  number: 25,
  name: "server clock set an hour ahead and back",
  topologies: ["one server"],
  needs: ["gcc"],
  async run({ kind, client, seed, signal, times, note }) {
    using clock = await ServerClock.build()
    await using server = await StoreServer.start(kind, { environment: clock.environment })
    const opened = await openStore(client, server.url)
    const rounds = times(10, 1)
    const why: string[] = []
    let recoveredMs = 0
    let lateByMs = 0
    try {
      await using service = await createSessionService<Attributes>({ store: opened.store, touchInterval: "50ms", nearCache: nearCacheOn(opened.store) })
      const signIn = async (idleTimeout: "30m" | "3h", absoluteTimeout: "1h" | "12h"): Promise<string> => {
        const { token } = await service.createSession({ userId: "clock", attributes: { text: "-" }, idleTimeout, absoluteTimeout })
        // From here on a near-cache holds it.
        await service.getSession(token, { touch: false })
        return token
      }
      const expect = async (token: string, alive: boolean, when: string): Promise<void> => {
        const found = (await service.getSession(token, { touch: false })) !== null
        if (found !== alive) why.push(`Expected a session ${alive ? "to live" : "to be over"} ${when}, got the contrary`)
      }
      await using load = await FaultLoad.start({ store: opened.store, seed, users: 40, clients: 4, paceMs: 5 })
      const set = async (ms: number): Promise<void> => {
        clock.shift(ms)
        recoveredMs = Math.max(recoveredMs, await load.recovered())
        await load.run(RUN_MS, signal)
      }
      for (let i = 0; i < rounds; i++) {
        note(`round ${i + 1} of ${rounds}`)
        await load.disrupting(async () => {
          const [short, long] = [await signIn("30m", "12h"), await signIn("3h", "12h")]
          await set(HOUR_MS)
          await expect(short, false, "when the clock has passed its deadline")
          await expect(long, true, "when the clock has not reached its deadline")
          const ahead = await signIn("30m", "12h")
          await set(0)
          await expect(ahead, true, "when the clock was set back")
          // Without a new access its deadline lies where the clock was ahead.
          const fresh = Number(await askStore(server, ["PTTL", sessionKeyOf(await signIn("30m", "12h"))]))
          await set(-HOUR_MS)
          const capped = await signIn("3h", "1h")
          await set(0)
          await expect(capped, false, "when its absolute deadline has come by the clock that is right again")
          const [untouched, atBack] = [await signIn("30m", "12h"), performance.now()]
          clock.shift(-HOUR_MS)
          const left = Number(await askStore(server, ["PTTL", sessionKeyOf(untouched)]))
          lateByMs = Math.max(lateByMs, left - (fresh - (performance.now() - atBack)))
          await set(0)
        })
      }
      if (Math.abs(lateByMs - HOUR_MS) > NEAR_MS) why.push(`Expected a session to end later by the jump back, got ${Math.round(lateByMs)} ms`)
      if (recoveredMs > RECOVERS_MS) why.push(`Expected sign-ins to go on within ${RECOVERS_MS} ms of a jump, took ${Math.round(recoveredMs)} ms`)
      const found = await load.finish()
      why.push(...limitsHeld(found, { timeoutMs: 1_000, mayLose: true }))
      const tried = rounds * 4
      return {
        version: server.version,
        tried,
        figures: {
          calls: found.operations,
          refused: found.failed,
          unknown: found.unknown,
          "ends late by ms, set back": Math.round(lateByMs),
          "recovered ms": Math.round(recoveredMs),
          "longest call ms": Math.round(found.longestCallMs),
        },
        summary: { "partial records": found.partial, "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, 1_000)) },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}
