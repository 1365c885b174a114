import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { type ISessionService, SessionError } from "coatcheck"
import { waitUntil } from "../../servers/wait-until.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { type Random, randomFrom } from "../../workloads/random.js"
import { lastOfEach, prefixFound } from "../acknowledged-prefix.js"
import { DoomedProcess } from "../DoomedProcess.js"
import { DatabaseFile, faultsOf, openFile, sqliteVersion } from "../database-file.js"
import type { Acknowledged } from "../doomed-messages.js"
import type { FaultRow } from "../fault-row.js"

/** So few that nothing of the log is in the database yet, as it must be for what a power cut can take. */
const CHANGES = 40
const WRITTEN_WITHIN_MS = 20_000

/** The end of SQLite's log is cut off, or a byte of it is changed: what is found is what was acknowledged up to some moment, and the file is whole. */
export const EMBEDDED_LOG_TORN: FaultRow = {
  number: 35,
  name: "SQLite: end of the log cut off or changed",
  topologies: ["embedded"],
  nearCache: "none",
  async run({ client, seed, signal, times }) {
    using original = new DatabaseFile()
    const random = randomFrom(seed)
    const acknowledged = await writeSome(original, client, seed)
    const tears = times(200, 10)
    const why: string[] = []
    let [lost, told] = [0, 0]
    for (let i = 0; i < tears; i++) {
      signal.throwIfAborted()
      using copy = new DatabaseFile()
      for (const end of ["", "-wal"]) copyFileSync(original.path + end, copy.path + end)
      tear(`${copy.path}-wal`, i % 2 === 0, random)
      try {
        await using service = await openFile(copy.url)
        const left = prefixFound(acknowledged, await versionsOf(service, acknowledged))
        if (left === undefined) why.push("Expected the changes up to some moment to be there, got one missing before another")
        else if (left < acknowledged.length) lost += 1
      } catch (error) {
        if (!SessionError.is(error)) throw error
        told += 1
      }
      why.push(...faultsOf(copy.path))
    }
    if (lost === 0 && told === 0) why.push("Expected something to be lost with the log's end, got nothing lost")
    const figures = { changes: acknowledged.length, "files that lost their end": lost, "refused to open": told }
    return { version: sqliteVersion(), tried: tears, figures, why }
  },
}

async function writeSome(file: DatabaseFile, client: "node-redis" | "ioredis", seed: number): Promise<readonly Acknowledged[]> {
  await using doomed = await DoomedProcess.start({ url: file.url, client, doom: { kind: "write", seed, calls: CHANGES } })
  await waitUntil("the process to have made its changes", WRITTEN_WITHIN_MS, async () => doomed.hasEnded)
  // Killed, because a process that ends well leaves no log behind.
  await doomed.kill()
  return doomed.acknowledged
}

function tear(log: string, cut: boolean, random: Random): void {
  const at = random(statSync(log).size)
  if (cut) {
    truncateSync(log, at)
    return
  }
  const bytes = readFileSync(log)
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at)
  writeFileSync(log, bytes)
}

async function versionsOf(service: ISessionService<Attributes>, acknowledged: readonly Acknowledged[]): Promise<ReadonlyMap<string, number>> {
  const versions = new Map<string, number>()
  for (const token of lastOfEach(acknowledged).keys()) versions.set(token, (await service.getSession(token, { touch: false }))?.version ?? 0)
  return versions
}
