import type { OwnedSessionService } from "coatcheck"
import { waitUntil } from "../../servers/wait-until.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { answerTold } from "../answer-told.js"
import type { FaultFinding, FaultRow, FaultSite } from "../fault-row.js"
import { countAlive, signInMany, userOf } from "../many-sessions.js"
import { onOneServer } from "../on-one-server.js"
import { SmallDisk } from "../small-disk.js"

const RUN_MS = 200
const MEGABYTES = 16
const NOTICED_WITHIN_MS = 10_000

type Service = OwnedSessionService<Attributes, Attributes>

/** The disk of the append-only file is full: the server refuses whatever it would have to write, sign-outs too, and says so; reads go on. */
export const DISK_FULL: FaultRow = {
  number: 34,
  name: "disk full, append-only file",
  topologies: ["one server"],
  needs: ["root that may mount a disk"],
  async run(site) {
    using disk = new SmallDisk(MEGABYTES)
    return await fillWhileUsed(site, disk)
  },
}

function fillWhileUsed(site: FaultSite, disk: SmallDisk): Promise<FaultFinding> {
  const { signal, times, note } = site
  const config = { dir: disk.folder, appendonly: "yes", appendfsync: "everysec", "aof-load-truncated": "yes" }
  return onOneServer(site, { config }, async ({ server, load, ask }) => {
    const rounds = times(5, 1)
    const why: string[] = []
    let recoveredMs = 0
    for (let i = 1; i <= rounds; i++) {
      note(`round ${i} of ${rounds}`)
      await load.run(RUN_MS, signal)
      const tokens = await signInMany(load.service, `disk ${i}`, 10)
      disk.fill()
      await waitUntil("the server to notice that its disk is full", NOTICED_WITHIN_MS, async () =>
        String(await ask("INFO", "persistence")).includes("aof_last_write_status:err"),
      )
      why.push(...(await callsOnFullDisk(load.service, tokens, userOf(`disk ${i}`, 0))))
      disk.free()
      recoveredMs = Math.max(recoveredMs, await load.recovered())
      await server.kill()
      await server.startAgain()
      await load.recovered()
      const alive = await countAlive(load.service, tokens)
      if (alive !== tokens.length) why.push(`Expected ${tokens.length} sessions after the restart, got ${alive}`)
      await Promise.all(tokens.map((token) => load.service.deleteSession(token)))
    }
    return { tried: rounds, figures: { "recovered ms": Math.round(recoveredMs) }, why }
  })
}

async function callsOnFullDisk(service: Service, tokens: readonly string[], user: string): Promise<string[]> {
  const [token = ""] = tokens
  const writes: Readonly<Record<string, () => Promise<unknown>>> = {
    createSession: () => service.createSession({ userId: user, attributes: { text: "-" } }),
    updateSession: () => service.updateSession(token, { text: "-" }),
    extendSession: () => service.extendSession(token),
    deleteSession: () => service.deleteSession(token),
    deleteUserSessions: () => service.deleteUserSessions(user),
  }
  const why: string[] = []
  for (const [name, call] of Object.entries(writes)) {
    const told = await answerTold(call())
    // A sign-out everywhere is made of several steps, so it does not know of itself that nothing was done.
    const expected = name === "deleteUserSessions" ? /^ERR_STORE_REFUSED/ : /^ERR_STORE_REFUSED, not-applied$/
    if (!expected.test(told)) why.push(`Expected ${name} on a full disk to be refused and not applied, got: ${told}`)
  }
  if ((await countAlive(service, tokens)) !== tokens.length) why.push("Expected every session to be read while the disk was full")
  if ((await service.getUserSessions(user)).sessions.length === 0) why.push("Expected a user's list to be read while the disk was full")
  return why
}
