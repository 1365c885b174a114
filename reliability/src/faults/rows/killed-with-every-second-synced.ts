import { setTimeout as pause } from "node:timers/promises"
import type { FaultRow } from "../fault-row.js"
import { isSyncing } from "../is-syncing.js"
import { onOneServer, type Scene } from "../on-one-server.js"

const RUN_MS = 300
const MOST_ATTEMPTS = 50
const WAITED_MS = 7

/** What a server has written is the kernel's, so killing it loses nothing, unless it was in the middle of making its file last. */
export const KILLED_WITH_EVERY_SECOND_SYNCED: FaultRow = {
  number: 2,
  name: "server killed, synced each second",
  topologies: ["one server"],
  async run(site) {
    const { signal, times, note } = site
    return onOneServer(site, { config: { appendonly: "yes", appendfsync: "everysec" } }, async ({ server, load, ask }) => {
      const kills = times(20, 2)
      let down = 0
      let syncing = 0
      for (let i = 1; i <= kills; i++) {
        note(`kill ${i} of ${kills}`)
        await load.run(RUN_MS, signal)
        await load.disrupting(async () => {
          if (!(await pauseBetweenSyncs({ server, ask }))) syncing += 1
          await server.kill()
          await server.startAgain()
          down = Math.max(down, await load.recovered())
        })
      }
      return {
        tried: kills,
        figures: { "recovered ms": Math.round(down), "killed while syncing": syncing },
        mayLose: syncing > 0,
        summary: ({ lost }) => ({ "acknowledged writes lost, server killed, synced each second": lost }),
        why: [],
      }
    })
  },
}

/**
 * A server that is making its file last puts off what it writes, and answers all the same: from when it asks its thread for it, which on a busy machine comes
 * to it later, until it has seen that it is done. So the server is asked first, and its thread is looked at when nothing moves any more.
 *
 * @returns whether it was caught in a moment without that
 */
async function pauseBetweenSyncs({ server, ask }: Pick<Scene, "server" | "ask">): Promise<boolean> {
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    if (/\baof_pending_bio_fsync:0\b/.test(String(await ask("INFO", "persistence")))) {
      server.pause()
      if (!isSyncing(server.pid)) return true
      server.resume()
    }
    await pause(WAITED_MS)
  }
  return false
}
