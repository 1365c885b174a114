import { setTimeout as pause } from "node:timers/promises"
import { createSessionService } from "coatcheck"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { randomFrom } from "../../workloads/random.js"
import type { FaultRow } from "../fault-row.js"
import { FileSizes } from "../file-sizes.js"
import { countAlive, signInMany } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"
import { Witness } from "../Witness.js"

const BEFORE_MS = 1_200
const SIGNED_OUT_BEFORE_MS = 250
const SESSIONS = 10
/** Sign-outs are repeated in rounds after a disruption; one of the first may find the server still away. */
const REPLAYED_WITHIN_MS = 10_000
/** What a server that syncs each second may lose at most: one second, and two more when the disk is slow. */
const MOST_LOST_MS = 3_000

/**
 * The end of the append-only file is cut off after a kill, as a power cut does. What is lost is the end alone; sign-outs among it are made again by the
 * process that made them, as long as that runs.
 */
export const POWER_CUT: FaultRow = {
  number: 3,
  name: "power cut, synced each second",
  topologies: ["one server"],
  async run(site) {
    const { signal, times, note, seed } = site
    const random = randomFrom(seed)
    const config = { appendonly: "yes", appendfsync: "everysec", "aof-load-truncated": "yes", "auto-aof-rewrite-percentage": 0 }
    return onOneServer(site, { config }, async ({ server, load }) => {
      const cuts = times(20, 1)
      const why: string[] = []
      const seen = { writes: 0, windowMs: 0, withReplay: 0, withoutReplay: 0, replayMs: 0, bytes: 0 }
      for (let i = 1; i <= cuts; i++) {
        note(`cut ${i} of ${cuts}`)
        using sizes = new FileSizes(server.folder)
        const other = await createSessionService<Attributes>({ store: server.url })
        const own = await signInMany(load.service, `own ${i}`, SESSIONS)
        const others = await signInMany(other, `others ${i}`, SESSIONS)
        const witness = await Witness.start(load.service)
        await load.run(BEFORE_MS, signal)
        await Promise.all([...own.map((token) => load.service.deleteSession(token)), ...others.map((token) => other.deleteSession(token))])
        await other.close()
        await load.run(SIGNED_OUT_BEFORE_MS, signal)
        const { killed, cut } = await load.disrupting(async () => {
          const at = performance.now()
          await server.kill()
          await witness.end()
          const end = sizes.cutBackTo(at - random(1_000))
          await server.startAgain()
          return { killed: at, cut: end }
        })
        const { writes, firstAt, mixed } = await witness.lost()
        seen.writes += writes
        seen.bytes += cut.bytes
        seen.windowMs = Math.max(seen.windowMs, firstAt === undefined ? 0 : killed - firstAt)
        if (mixed) why.push("Expected each version with what was written as it, got another text")
        if (firstAt !== undefined && killed - firstAt > MOST_LOST_MS)
          why.push(`Expected at most ${MOST_LOST_MS} ms to be lost, got ${Math.round(killed - firstAt)}`)
        const began = performance.now()
        let left = await countAlive(load.service, own)
        while (left > 0 && performance.now() - began < REPLAYED_WITHIN_MS) {
          await pause(50, undefined, { signal })
          left = await countAlive(load.service, own)
        }
        seen.replayMs = Math.max(seen.replayMs, performance.now() - began)
        seen.withReplay += left
        if (left > 0) why.push(`Expected every sign-out to be made again by the process that made it, got ${left} sessions that are back`)
        seen.withoutReplay += await countAlive(load.service, others)
      }
      if (seen.bytes === 0) why.push("Expected something to be cut off, got nothing")
      const figures = {
        "writes of one session lost": seen.writes,
        "window ms": Math.round(seen.windowMs),
        "revived with replay": seen.withReplay,
        "replayed within ms": Math.round(seen.replayMs),
        "revived without replay": seen.withoutReplay,
        "sign-outs": cuts * SESSIONS,
      }
      return { tried: cuts, figures, mayLose: true, summary: ({ lost }) => ({ "acknowledged writes lost, power cut, synced each second": lost }), why }
    })
  },
}
