import { setTimeout as pause } from "node:timers/promises"
import type { ISessionService } from "coatcheck"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { randomFrom } from "../../workloads/random.js"
import { lastOfEach } from "../acknowledged-prefix.js"
import { DoomedProcess } from "../DoomedProcess.js"
import { DatabaseFile, faultsOf, openFile, sqliteVersion } from "../database-file.js"
import type { Acknowledged } from "../doomed-messages.js"
import type { FaultRow } from "../fault-row.js"

/** Long enough that the log is written into the database meanwhile, now and then. */
const AT_WORK_MS = 250
const CALLS = 100_000

/** A process that writes to a SQLite file is killed at any moment, again and again: what was acknowledged is there, sign-outs too, and the file is whole. */
export const EMBEDDED_WRITER_KILLED: FaultRow = {
  number: 35,
  name: "SQLite: writing process killed",
  topologies: ["embedded"],
  nearCache: "none",
  async run({ client, seed, signal, times, note }) {
    using file = new DatabaseFile()
    const random = randomFrom(seed)
    const kills = times(30, 2)
    const acknowledged: Acknowledged[] = []
    const why: string[] = []
    let [lost, revived] = [0, 0]
    for (let i = 1; i <= kills; i++) {
      signal.throwIfAborted()
      note(`kill ${i} of ${kills}`)
      {
        await using doomed = await DoomedProcess.start({ url: file.url, client, doom: { kind: "write", seed: seed + i, calls: CALLS } })
        await pause(random(AT_WORK_MS))
        await doomed.kill()
        acknowledged.push(...doomed.acknowledged)
        if (doomed.hasEnded) why.push("Expected the process to be killed at work")
      }
      await using service = await openFile(file.url)
      const { gone, back } = await compare(service, acknowledged, i)
      lost += gone
      revived += back
    }
    why.push(...faultsOf(file.path))
    if (lost > 0) why.push(`Expected every acknowledged change to be there, got ${lost} sessions that lack one`)
    if (revived > 0) why.push(`Expected every sign-out to hold, got ${revived} sessions that are back`)
    if (acknowledged.length === 0) why.push("Expected changes before the kills, got none")
    const figures = { changes: acknowledged.length, lost, revived }
    return { version: sqliteVersion(), tried: kills, figures, why }
  },
}

/** Of each killed process one change may have been made that it could not tell: then a session is one version further, or ended. */
async function compare(
  service: ISessionService<Attributes>,
  acknowledged: readonly Acknowledged[],
  processes: number,
): Promise<{ readonly gone: number; readonly back: number }> {
  let [gone, back, ended] = [0, 0, 0]
  for (const [token, version] of lastOfEach(acknowledged)) {
    const session = await service.getSession(token, { touch: false })
    if (version === 0) back += session === null ? 0 : 1
    else if (session === null) ended += 1
    else if (session.version < version) gone += 1
  }
  return { gone: gone + Math.max(0, ended - processes), back }
}
