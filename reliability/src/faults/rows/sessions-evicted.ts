import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, SessionError } from "coatcheck"
import { auditStore } from "../../audit/state-audit.js"
import { connectPlain } from "../../servers/plain-client.js"
import type { FaultRow } from "../fault-row.js"
import { countAlive, signInMany } from "../many-sessions.js"
import { onOneServer, type Scene } from "../on-one-server.js"

const SESSIONS = 400
const ROOM = 300_000
const TOUCHED_AFTER_MS = 60
const MANY = 100_000

/** A full server drops what it likes: sessions, and lists. A strict start is refused there. Whoever's session is left finds it in the list again once it was used. */
export const SESSIONS_EVICTED: FaultRow = {
  number: 20,
  name: "memory full, allkeys-lru and volatile-lru",
  topologies: ["one server"],
  async run(site) {
    const { signal, times, note } = site
    // Without its list a user has no limit for a while, so the load has none either.
    return onOneServer(site, { limit: MANY }, async (scene) => {
      const { server, load, ask } = scene
      const rounds = times(10, 1)
      const why: string[] = []
      const seen = { evicted: 0, unlisted: 0, unlistedAfterUse: 0, gone: 0 }
      for (let i = 1; i <= rounds; i++) {
        note(`round ${i} of ${rounds}`)
        await ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        why.push(...(await strictStart(server.url, "done")))
        await ask("CONFIG", "SET", "maxmemory-policy", i % 2 === 0 ? "volatile-lru" : "allkeys-lru")
        why.push(...(await strictStart(server.url, "ERR_CONFIG_INVALID for eviction")))
        await load.run(100, signal)
        const tokens = await signInMany(load.service, `evicted ${i}`, SESSIONS)
        await load.disrupting(() => crowd(scene))
        const { unlisted } = await auditStore(server.url, undefined)
        seen.unlisted += unlisted
        await pause(TOUCHED_AFTER_MS)
        const alive = await countAlive(load.service, tokens)
        seen.gone += SESSIONS - alive
        // The load uses its own sessions, but not each of them at once.
        const mine = await countUnlisted(scene, `evicted ${i}`, tokens)
        seen.unlistedAfterUse += mine
        if (mine > 0) why.push(`Expected every session that was used to be in its list again, got ${mine} that are not`)
        await Promise.all(tokens.map((token) => load.service.deleteSession(token)))
      }
      seen.evicted = Number(/evicted_keys:(\d+)/.exec(String(await ask("INFO", "stats")))?.[1] ?? 0)
      if (seen.gone === 0) why.push("Expected sessions to be evicted, got none evicted")
      if (seen.unlisted === 0) why.push("Expected lists to be evicted, got none evicted")
      const figures = { evicted: seen.evicted, "sessions gone": seen.gone, "unlisted before use": seen.unlisted, "unlisted after use": seen.unlistedAfterUse }
      return { tried: rounds, figures, mayLose: true, why }
    })
  },
}

/** What a service that wants a store without problems is told when it starts. */
async function strictStart(url: string, expected: string): Promise<string[]> {
  const told = await createSessionService({ store: url, strict: true }).then(
    (service) => service.close().then(() => "done"),
    (error: unknown) => (SessionError.is(error, "ERR_CONFIG_INVALID") ? `${error.code} for ${/got (\w+)/.exec(error.message)?.[1]}` : String(error)),
  )
  return told === expected ? [] : [`Expected a strict start to be told ${expected}, got ${told}`]
}

/** Writes until much was dropped, and then gives the server room again. */
async function crowd({ server, ask }: Scene): Promise<void> {
  const number = async (section: string, name: string): Promise<number> =>
    Number(new RegExp(`${name}:(\\d+)`).exec(String(await ask("INFO", section)))?.[1] ?? 0)
  const before = await number("stats", "evicted_keys")
  await ask("CONFIG", "SET", "maxmemory", String((await number("memory", "used_memory")) + ROOM))
  const client = await connectPlain(server.url)
  try {
    for (let i = 0; i < 100 && (await number("stats", "evicted_keys")) < before + SESSIONS / 2; i++) {
      const some = Array.from({ length: 20 }, (_, at) => client.set(`filler:${i}:${at}`, "-".repeat(1_000), { expiration: { type: "EX", value: 2 } }))
      await Promise.all(some).catch(() => undefined)
    }
  } finally {
    await ask("CONFIG", "SET", "maxmemory", "0")
    client.destroy()
  }
}

/** Sessions that open with these tokens and that no list of their users names. */
async function countUnlisted({ load }: Scene, name: string, tokens: readonly string[]): Promise<number> {
  const listed = new Set<string>()
  const users = new Set<string>()
  let alive = 0
  for (const token of tokens) {
    const session = await load.service.getSession(token, { touch: false })
    if (session?.userId === null || session === null) continue
    alive += 1
    users.add(session.userId)
  }
  for (const user of users) for (const { sessionId } of (await load.service.getUserSessions(user)).sessions) listed.add(sessionId)
  if ([...users].some((user) => !user.startsWith(name))) throw new Error("Expected sessions of this round's users")
  return alive - listed.size
}
