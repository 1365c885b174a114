import { join } from "node:path"
import { type OwnedSessionService, SessionError } from "coatcheck"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { answerTold } from "../answer-told.js"
import { faultsOf, sqliteVersion } from "../database-file.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { countAlive, signInMany, userOf } from "../many-sessions.js"
import { SmallDisk } from "../small-disk.js"

const MEGABYTES = 16
const RUN_MS = 200
const SESSIONS = 20

/** The disk of a SQLite file is full: nothing longer is taken, and said so; reading and signing out go on, and nothing that was acknowledged is lost. */
export const EMBEDDED_DISK_FULL: FaultRow = {
  number: 35,
  name: "SQLite: disk full",
  topologies: ["embedded"],
  nearCache: "none",
  needs: ["root that may mount a disk"],
  async run({ seed, signal, times }) {
    using disk = new SmallDisk(MEGABYTES)
    const path = join(disk.folder, "sessions.db")
    const rounds = times(20, 2)
    const why: string[] = []
    await using load = await FaultLoad.start({ store: `sqlite:${path}`, seed, paceMs: 5 })
    let refused = 0
    for (let i = 1; i <= rounds; i++) {
      await load.run(RUN_MS, signal)
      const tokens = await signInMany(load.service, `disk ${i}`, SESSIONS)
      disk.fill()
      refused += await grow(load.service, why)
      await load.run(RUN_MS, signal)
      if ((await countAlive(load.service, tokens)) !== SESSIONS) why.push("Expected every session to be read while the disk was full")
      await signOut(load.service, tokens, userOf(`disk ${i}`, SESSIONS - 1), why)
      disk.free()
      await load.recovered()
    }
    if (refused === 0) why.push("Expected a full disk to be told, got none told")
    const found = await load.finish()
    why.push(...limitsHeld(found, { timeoutMs: 1_000 }), ...faultsOf(path))
    return {
      version: sqliteVersion(),
      tried: rounds,
      figures: { calls: found.operations, refused: found.failed, unknown: found.unknown, lost: found.lost, revived: found.revived, partial: found.partial },
      summary: { "partial records": found.partial, "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, 1_000)) },
      why,
    }
  },
}

/** Opens sessions until the disk is found full. @returns how many calls were refused: one, or none */
async function grow(service: OwnedSessionService<Attributes, Attributes>, why: string[]): Promise<number> {
  for (let i = 0; i < 200; i++) {
    const told = await answerTold(service.createSession({ attributes: { text: "-".repeat(20_000) } }))
    if (told === "done") continue
    if (told !== "ERR_STORE_REFUSED, not-applied") why.push(`Expected a sign-in on a full disk to be refused and not applied, got: ${told}`)
    return 1
  }
  return 0
}

async function signOut(service: OwnedSessionService<Attributes, Attributes>, tokens: readonly string[], last: string, why: string[]): Promise<void> {
  try {
    for (const token of tokens.slice(0, -5)) await service.deleteSession(token)
    if ((await service.deleteUserSessions(last)) !== 5) why.push("Expected a sign-out everywhere to end 5 sessions on a full disk")
    if ((await countAlive(service, tokens)) > 0) why.push("Expected everybody who signed out on a full disk to be signed out")
  } catch (error) {
    if (!SessionError.is(error)) throw error
    why.push(`Expected signing out to work on a full disk, got ${error.code}`)
  }
}
