import { setTimeout as pause } from "node:timers/promises"
import { type OwnedSessionService, SessionError } from "coatcheck"
import { connectPlain } from "../../servers/plain-client.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import type { FaultRow } from "../fault-row.js"
import { countAlive, handleOf, signInMany, userOf } from "../many-sessions.js"
import { onOneServer, type Scene } from "../on-one-server.js"

const RUN_MS = 200
const ROOM = 2_000_000
/** Below what is used: whoever signs out would make room for somebody else otherwise. */
const BELOW = 1_000_000
const TOUCHED_AFTER_MS = 60

type Service = OwnedSessionService<Attributes, Attributes>

/** A full server takes no new sessions and no changes, and says so; whatever ends a session, reads it or keeps it alive goes on. */
export const MEMORY_FULL: FaultRow = {
  number: 19,
  name: "memory full, noeviction",
  topologies: ["one server"],
  async run(site) {
    const { signal, times, note } = site
    return onOneServer(site, { config: { "maxmemory-policy": "noeviction" } }, async (scene) => {
      const { load, ask } = scene
      const rounds = times(10, 1)
      const why: string[] = []
      let [works, refused] = [0, 0]
      for (let i = 1; i <= rounds; i++) {
        note(`round ${i} of ${rounds}`)
        await load.run(RUN_MS, signal)
        const tokens = await signInMany(load.service, `full ${i}`, 20)
        await pause(TOUCHED_AFTER_MS)
        await fill(scene)
        for (const { name, mustWork, call } of callsOnFull(load.service, `full ${i}`, tokens)) {
          const told = await call().then(
            (held) => (held ? "works" : "answered something else"),
            (error: unknown) => (SessionError.is(error, "ERR_STORE_REFUSED") && error.outcome === "not-applied" ? "refused" : String(error)),
          )
          if (told === "works") works += 1
          if (told === "refused") refused += 1
          if (told !== (mustWork ? "works" : "refused")) why.push(`Expected ${name} on a full server to be ${mustWork ? "done" : "refused"}, got: ${told}`)
        }
        await ask("CONFIG", "SET", "maxmemory", "0")
        await ask("UNLINK", "filler")
        if ((await countAlive(load.service, tokens)) > 0) why.push("Expected everybody who signed out of a full server to be signed out")
      }
      return { tried: rounds, figures: { "done when full": works, "refused when full": refused }, why }
    })
  },
}

interface CallOnFull {
  readonly name: string
  readonly mustWork: boolean
  /** @returns whether it did what it is for */
  call(): Promise<boolean>
}

/** In an order in which every later call still finds its session. @param tokens 20 of them, of four users */
function callsOnFull(service: Service, name: string, tokens: readonly string[]): readonly CallOnFull[] {
  const [first = "", second = "", third = ""] = tokens
  const [user, other, another, last] = [0, 5, 10, 15].map((at) => userOf(name, at)) as [string, string, string, string]
  const must = (what: string, call: () => Promise<boolean>): CallOnFull => ({ name: what, mustWork: true, call })
  const mustNot = (what: string, call: () => Promise<unknown>): CallOnFull => ({ name: what, mustWork: false, call: async () => (await call()) !== undefined })
  return [
    mustNot("createSession", () => service.createSession({ userId: "too many", attributes: { text: "-" } })),
    mustNot("updateSession", () => service.updateSession(first, { text: "longer than before" })),
    mustNot("rotateSession", () => service.rotateSession(first)),
    must("getSession", async () => (await service.getSession(first, { touch: false })) !== null),
    must("a read that is written down", async () => touches(service, first)),
    must("extendSession", async () => (await service.extendSession(second, "2h")) !== null),
    must("getUserSessions", async () => (await service.getUserSessions(user)).sessions.length === 5),
    must("deleteSession", () => service.deleteSession(second)),
    must("deleteUserSession", () => service.deleteUserSession(user, handleOf(third))),
    must("deleteUserSessions", async () => (await service.deleteUserSessions(user)) === 3),
    must("deleteUserSessions but one", async () => (await service.deleteUserSessions(other, { except: handleOf(tokens[5] ?? "") })) === 4),
    must("the last one of them", () => service.deleteSession(tokens[5])),
    must("a thorough sign-out", async () => (await service.deleteUserSessions(another, { thorough: true })) === 5),
    must("cleanupExpiredSessions", async () => (await service.cleanupExpiredSessions()).scanned > 0),
    must("deleteUserSessions of the last user", async () => (await service.deleteUserSessions(last)) === 5),
  ]
}

async function touches(service: Service, token: string): Promise<boolean> {
  const before = await service.getSession(token, { touch: false })
  const touched = await service.getSession(token)
  return before !== null && touched !== null && touched.lastAccessedAt > before.lastAccessedAt
}

/** Writes until the server says that its memory is full, and leaves it no room that a sign-out could make. */
async function fill({ server, ask }: Scene): Promise<void> {
  const used = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(String(await ask("INFO", "memory")))?.[1])
  await ask("CONFIG", "SET", "maxmemory", String((await used()) + ROOM))
  const client = await connectPlain(server.url)
  try {
    let full = false
    for (let i = 0; i < 10_000 && !full; i++) {
      full = await client.rPush("filler", "-".repeat(10_000)).then(
        () => false,
        (error: Error) => error.message.startsWith("OOM"),
      )
    }
    if (!full) throw new Error("Expected the server's memory to become full")
  } finally {
    client.destroy()
  }
  await ask("CONFIG", "SET", "maxmemory", String((await used()) - BELOW))
}
