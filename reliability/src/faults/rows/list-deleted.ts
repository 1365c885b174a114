import { setTimeout as pause } from "node:timers/promises"
import { Cluster } from "../../servers/Cluster.js"
import { keySlot, shareOf } from "../../servers/key-slot.js"
import { askStore } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultFinding, FaultRow, FaultSite } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"
import { countAlive, listKeyOf, SESSIONS_A_USER, signInMany, userOf } from "../many-sessions.js"
import { type Brought, onOneServer, wholeStore } from "../on-one-server.js"

const RUN_MS = 100
const TIMEOUT_MS = 1_000
/** The load's touch interval, and a little. */
const TOUCHED_AFTER_MS = 60
const HEALS_WITHIN_MS = 2_000
const PRIMARIES = 3

/** A load, and how the lists of users beside it are deleted. */
interface Lists {
  readonly load: FaultLoad
  /** Under which sessions are opened for this deletion, counted from 0. */
  nameOf(deletion: number): string
  /** @returns how many keys were deleted, as the server says */
  deleteList(user: string): Promise<unknown>
}

/** An operator deletes a user's list: it is whole again once every session was used, and a thorough sign-out needs no list. */
export const LIST_DELETED: FaultRow = {
  number: 21,
  name: "list of a user deleted by hand",
  topologies: ["one server", "cluster"],
  run: (site) => (site.topology === "cluster" ? onCluster(site) : onServer(site)),
}

function onServer(site: FaultSite): Promise<FaultFinding> {
  return onOneServer(site, {}, ({ load, ask }) => {
    const deleteList = (user: string): Promise<unknown> => ask("DEL", listKeyOf(user))
    return deleteLists(site, { load, nameOf: (deletion) => `unlisted ${deletion}`, deleteList })
  })
}

/** There a list is looked after behind the call that used its session, by whichever primary it lies on. */
async function onCluster(site: FaultSite): Promise<FaultFinding> {
  await using cluster = await Cluster.start(site.kind, { primaries: PRIMARIES })
  const opened = await openStore(site.client, cluster.url)
  try {
    await using load = await FaultLoad.start({ store: opened.store, seed: site.seed, timeout: `${TIMEOUT_MS}ms` })
    const deleteList = async (user: string): Promise<unknown> => {
      const primary = cluster.nodes[primaryOf(user)]
      if (primary === undefined) throw new RangeError(`Expected ${PRIMARIES} primaries, got ${cluster.nodes.length}`)
      return askStore(primary, ["DEL", listKeyOf(user)])
    }
    const { tried, figures, why } = await deleteLists(site, { load, nameOf: nameOnCluster, deleteList })
    const found = await load.finish()
    const audits = await Promise.all((await cluster.primaries()).map(({ url }) => wholeStore(url)))
    return {
      version: cluster.version,
      tried,
      figures: { calls: found.operations, lost: found.lost, "longest call ms": Math.round(found.longestCallMs), ...figures },
      summary: { "partial records": found.partial, "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, TIMEOUT_MS)) },
      why: [...why, ...limitsHeld(found, { timeoutMs: TIMEOUT_MS }), ...audits.flat()],
    }
  } finally {
    await opened.close()
  }
}

function primaryOf(user: string): number {
  return shareOf(keySlot(listKeyOf(user)), PRIMARIES)
}

/** Of two deletions, one is healed and one signed out thoroughly: both on one primary, the next two on the next. */
function nameOnCluster(deletion: number): string {
  const wanted = Math.floor(deletion / 2) % PRIMARIES
  for (let i = 0; ; i++) {
    const name = `unlisted ${deletion}.${i}`
    if (primaryOf(userOf(name, 0)) === wanted) return name
  }
}

async function deleteLists({ signal, times }: FaultSite, { load, nameOf, deleteList }: Lists): Promise<Brought> {
  const { service } = load
  const deletions = times(100, 6)
  const why: string[] = []
  let healedMs = 0
  for (let i = 0; i < deletions; i++) {
    await load.run(RUN_MS, signal)
    const name = nameOf(i)
    const tokens = await signInMany(service, name, SESSIONS_A_USER)
    const user = userOf(name, 0)
    const listed = async (): Promise<number> => (await service.getUserSessions(user)).sessions.length
    await pause(TOUCHED_AFTER_MS)
    if ((await deleteList(user)) !== 1 || (await listed()) !== 0) throw new Error("Expected the user's list to be deleted")
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
}
