import type { FaultRow } from "../fault-row.js"
import { countAlive, signInMany, userOf } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"

const RUN_MS = 150

/** An operator empties the store while it is used: everybody is signed out, no call fails, and new sessions are as before. */
export const STORE_EMPTIED: FaultRow = {
  number: 18,
  name: "FLUSHALL and FLUSHDB under load",
  topologies: ["one server"],
  async run(site) {
    const { signal, times } = site
    return onOneServer(site, {}, async ({ load, ask }) => {
      const flushes = times(40, 4)
      const why: string[] = []
      for (let i = 0; i < flushes; i++) {
        await load.run(RUN_MS, signal)
        const before = await signInMany(load.service, "emptied", 20)
        await load.endingAll(() => ask(i % 2 === 0 ? "FLUSHALL" : "FLUSHDB"))
        if ((await countAlive(load.service, before)) > 0) why.push("Expected no session to outlast the flush, got one")
        const { sessions } = await load.service.getUserSessions(userOf("emptied", 0))
        if (sessions.length > 0) why.push("Expected an empty list after the flush")
      }
      return { tried: flushes, why }
    })
  },
}
