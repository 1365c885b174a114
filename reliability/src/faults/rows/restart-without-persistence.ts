import { SessionError } from "coatcheck"
import type { FaultRow } from "../fault-row.js"
import { countAlive, signInMany } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"

const RUN_MS = 300

/** A server that keeps nothing forgets everybody when it starts again: they are signed out, which is no error, and can sign in. */
export const RESTART_WITHOUT_PERSISTENCE: FaultRow = {
  number: 4,
  name: "server restarted that keeps nothing",
  topologies: ["one server"],
  async run(site) {
    const { signal, times, note } = site
    return onOneServer(site, {}, async ({ server, load }) => {
      const restarts = times(10, 1)
      const why: string[] = []
      let down = 0
      for (let i = 1; i <= restarts; i++) {
        note(`restart ${i} of ${restarts}`)
        await load.run(RUN_MS, signal)
        const before = await signInMany(load.service, `restart ${i}`, 100)
        await load.endingAll(async () => {
          await server.kill()
          await server.startAgain()
        })
        down = Math.max(down, await load.recovered())
        try {
          if ((await countAlive(load.service, before)) > 0) why.push("Expected no session to outlast the restart, got one")
          const after = await signInMany(load.service, `restart ${i}`, 100)
          if ((await countAlive(load.service, after)) !== after.length) why.push("Expected every new session to be found after the restart")
        } catch (error) {
          if (!SessionError.is(error)) throw error
          why.push(`Expected no errors once the server answered again, got ${error.code}`)
        }
      }
      return { tried: restarts, figures: { "recovered ms": Math.round(down) }, why }
    })
  },
}
