import { type ISessionService, SessionError } from "coatcheck"
import { connectPlain } from "../../servers/plain-client.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { randomFrom } from "../../workloads/random.js"
import { DAMAGES, type Damage, damage } from "../damage.js"
import type { FaultRow } from "../fault-row.js"
import { handleOf, SESSIONS_A_USER, sessionKeyOf, signInMany, userOf } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"

type Service = ISessionService<Attributes>
type Found = "corrupt" | "not found" | "unharmed" | "harmed" | "failed"

/** Records are damaged by hand: their own session is an error or not found, the user's others are as before, and each can be ended. */
export const RECORDS_DAMAGED: FaultRow = {
  number: 33,
  name: "records cut off, changed by a bit, of another type",
  topologies: ["one server"],
  async run(site) {
    const random = randomFrom(site.seed)
    return onOneServer(site, { paceMs: 5 }, async ({ server, load }) => {
      const { service } = load
      const damaged = site.times(1_000, 60)
      const client = await connectPlain(server.url)
      const counts: Record<Found, number> = { corrupt: 0, "not found": 0, unharmed: 0, harmed: 0, failed: 0 }
      const why: string[] = []
      try {
        // One of each user's sessions is damaged.
        const tokens = await signInMany(service, "damaged", damaged * SESSIONS_A_USER)
        for (let i = 0; i < damaged; i++) {
          const at = i * SESSIONS_A_USER
          const [token = "", ...others] = tokens.slice(at, at + SESSIONS_A_USER)
          const user = userOf("damaged", at)
          const kind = DAMAGES[i % DAMAGES.length] ?? "cut off"
          await damage(client, sessionKeyOf(token), kind, random)
          const found = await look(service, token, user, `damaged ${at}`)
          counts[found] += 1
          if (!mayBe(kind, found)) why.push(`Expected a session whose record was damaged (${kind}) to be an error or not found, got ${found}`)
          const kept = await Promise.all(others.map((other, n) => look(service, other, user, `damaged ${at + n + 1}`)))
          if (kept.some((one) => one !== "unharmed")) why.push(`Expected the user's other sessions to be as before (${kind}), got ${kept.join(", ")}`)
          if (!(await ends(service, user, token, i % 2 === 0)) || (await client.exists(sessionKeyOf(token))) !== 0)
            why.push(`Expected a session with a damaged record (${kind}) to be ended, got one that was not`)
        }
      } finally {
        client.destroy()
      }
      return { tried: damaged, figures: { ...counts }, why }
    })
  },
}

/** The checksum is of the body; in what stands before it a bit may change what is no secret and no data. */
function mayBe(kind: Damage, found: Found): boolean {
  return found === "corrupt" || found === "not found" || (kind === "one bit changed" && found === "unharmed")
}

async function look(service: Service, token: string, user: string, text: string): Promise<Found> {
  try {
    const session = await service.getSession(token)
    if (session === null) return "not found"
    return session.userId === user && session.attributes.text === text && session.impersonatorId === null ? "unharmed" : "harmed"
  } catch (error) {
    return SessionError.is(error, "ERR_SESSION_CORRUPT") ? "corrupt" : "failed"
  }
}

async function ends(service: Service, user: string, token: string, alone: boolean): Promise<boolean> {
  if (!alone) return (await service.deleteUserSessions(user)) >= SESSIONS_A_USER - 1
  await service.deleteUserSession(user, handleOf(token))
  return true
}
