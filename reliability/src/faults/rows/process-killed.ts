import { setTimeout as pause } from "node:timers/promises"
import type { ISessionService } from "coatcheck"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { randomFrom } from "../../workloads/random.js"
import { DoomedProcess } from "../DoomedProcess.js"
import type { Doom } from "../doomed-messages.js"
import type { FaultRow } from "../fault-row.js"
import { countAlive } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"

const MANY = 2_000
const SIDE_BY_SIDE = 100
const AT_WORK_MS = 30
const SIGN_OUT_EVERY = 10
const SEVERAL = 5

/** A process of the application is killed in the middle of its calls: nothing is left half done, and a sign-out that it began is finished by the next. */
export const PROCESS_KILLED: FaultRow = {
  number: 29,
  name: "application process killed in mid-call",
  topologies: ["one server"],
  async run(site) {
    const { client, signal, seed, times, note } = site
    const random = randomFrom(seed)
    return onOneServer(site, { paceMs: 5 }, async ({ server, load }) => {
      const kills = times(100, 3)
      const why: string[] = []
      let [atWork, cutShort, signOuts] = [0, 0, 0]
      for (let i = 1; i <= kills; i++) {
        signal.throwIfAborted()
        note(`kill ${i} of ${kills}`)
        const signOut = i % SIGN_OUT_EVERY === 0 || i === kills
        const user = `many ${i}`
        const tokens = signOut ? await signInOne(load.service, user) : []
        const doom: Doom = signOut ? { kind: "sign-out", user } : { kind: "live", seed: seed + i }
        {
          await using doomed = await DoomedProcess.start({ url: server.url, client, doom })
          await pause(random(AT_WORK_MS))
          if (!doomed.hasEnded) atWork += 1
        }
        if (!signOut) continue
        signOuts += 1
        const left = await countAlive(load.service, tokens)
        if (left > 0) cutShort += 1
        const ended = await load.service.deleteUserSessions(user)
        if (ended < left || (await countAlive(load.service, tokens)) > 0)
          why.push(`Expected a second sign-out to end the ${left} sessions that the first had left, got ${ended} ended`)
      }
      if (atWork < kills / 2) why.push(`Expected most processes to be killed at work, got ${atWork} of ${kills}`)
      if (signOuts >= SEVERAL && cutShort === 0) why.push("Expected a sign-out everywhere to be cut short now and then, got none that was")
      return { tried: kills, figures: { "killed at work": atWork, "sign-outs everywhere": signOuts, "of them cut short": cutShort }, why }
    })
  },
}

async function signInOne(service: ISessionService<Attributes>, userId: string): Promise<string[]> {
  const tokens: string[] = []
  while (tokens.length < MANY) {
    const some = Array.from({ length: SIDE_BY_SIDE }, () => service.createSession({ userId, attributes: { text: "one of many" } }))
    tokens.push(...(await Promise.all(some)).map(({ token }) => token))
  }
  return tokens
}
