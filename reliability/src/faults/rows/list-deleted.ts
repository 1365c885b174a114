import { setTimeout as pause } from "node:timers/promises"
import { waitUntil } from "../../servers/wait-until.js"
import type { FaultRow } from "../fault-row.js"
import { countAlive, listKeyOf, SESSIONS_A_USER, signInMany, userOf } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"

const RUN_MS = 100
/** The load's touch interval, and a little. */
const TOUCHED_AFTER_MS = 60
const HEALS_WITHIN_MS = 2_000

/** An operator deletes a user's list: it is whole again once every session was used, and a thorough sign-out needs no list. */
export const LIST_DELETED: FaultRow = {
  number: 21,
  name: "list of a user deleted by hand",
  topologies: ["one server"],
  async run(site) {
    const { signal, times } = site
    return onOneServer(site, {}, async ({ load, ask }) => {
      const { service } = load
      const deletions = times(100, 6)
      const why: string[] = []
      let healedMs = 0
      for (let i = 0; i < deletions; i++) {
        await load.run(RUN_MS, signal)
        const tokens = await signInMany(service, `unlisted ${i}`, SESSIONS_A_USER)
        const user = userOf(`unlisted ${i}`, 0)
        const listed = async (): Promise<number> => (await service.getUserSessions(user)).sessions.length
        await pause(TOUCHED_AFTER_MS)
        if ((await ask("DEL", listKeyOf(user))) !== 1 || (await listed()) !== 0) throw new Error("Expected the user's list to be deleted")
        const thorough = i % 2 === 1
        if (!thorough) {
          const began = performance.now()
          await countAlive(service, tokens)
          await waitUntil("the list to be whole again", HEALS_WITHIN_MS, async () => (await listed()) === SESSIONS_A_USER)
          healedMs = Math.max(healedMs, performance.now() - began)
        }
        const ended = await service.deleteUserSessions(user, { thorough })
        const left = await countAlive(service, tokens)
        if (ended !== SESSIONS_A_USER || left > 0)
          why.push(`Expected a ${thorough ? "thorough sign-out" : "sign-out"} to end ${SESSIONS_A_USER} sessions, got ${ended}, and ${left} left`)
      }
      return { tried: deletions, figures: { "healed within ms": Math.round(healedMs) }, why }
    })
  },
}
