import { setTimeout as pause } from "node:timers/promises"
import { createSessionService } from "coatcheck"
import { askStore, type SentinelGroup } from "../servers/SentinelGroup.js"
import type { StoreServer } from "../servers/StoreServer.js"
import { waitUntil } from "../servers/wait-until.js"
import type { Attributes } from "../workloads/RecordedClient.js"
import type { FaultLoad } from "./FaultLoad.js"
import { SignOutLedger } from "./SignOutLedger.js"

/** What one failover cost. */
export interface FailoverCost {
  /** Acknowledged sign-ins of a client that follows the Sentinels. */
  readonly lost: number
  /** Acknowledged sign-outs through the service that is there to make them again. */
  readonly signedOut: number
  /** Sign-outs that came undone although the service that made them was there to make them again. */
  readonly undoneWithReplay: number
  /** The same where that service was gone. */
  readonly undoneWithout: number
  /** Calls that the old primary refused because no replica had it in sight. */
  readonly refused: number
  readonly unavailableMs: number
}

const SESSIONS = 10
const REPLAYED_MS = 5_000
const RECOVERS_MS = 20_000
/** Enough of them to last until the old primary is told. */
const COMING_AND_GOING = 400
const PACE_MS = 10

/**
 * The primary is killed while its replicas are cut off from it, so that what it acknowledged last is surely lost: sign-ins and sign-outs through the
 * service of the load, and sign-outs through a second one that is closed before anything happens.
 */
export async function crash(group: SentinelGroup, load: FaultLoad, name: string): Promise<FailoverCost> {
  const old = await group.primary()
  const replicas = group.stores.filter((store) => store !== old)
  const [stays, leaves] = [new SignOutLedger(`${name}-stays`), new SignOutLedger(`${name}-leaves`)]
  const gone = await createSessionService<Attributes>({ store: old.url })
  try {
    const ofStays = await several(() => stays.signIn(load.service))
    const ofLeaves = await several(() => leaves.signIn(gone))
    await replicated(old, replicas.length)
    await cutOff(replicas)
    for (const token of ofStays) await stays.signOut(load.service, token)
    for (const token of ofLeaves) await leaves.signOut(gone, token)
    for (let i = 0; i < SESSIONS; i++) await stays.signIn(load.service)
  } finally {
    await gone.close()
    await old.kill()
    await reach(replicas)
  }
  try {
    const unavailableMs = await load.recovered(RECOVERS_MS)
    return await count(load, stays, leaves, unavailableMs)
  } finally {
    await group.bringBack(old)
    await group.waitUntilWhole()
  }
}

/** The Sentinels replace a primary that is well, which takes writes until it is told; the second service keeps to it to the last. */
export async function replace(group: SentinelGroup, load: FaultLoad, name: string): Promise<FailoverCost> {
  const old = await group.primary()
  const [stays, leaves] = [new SignOutLedger(`${name}-stays`), new SignOutLedger(`${name}-leaves`)]
  const gone = await createSessionService<Attributes>({ store: old.url })
  const ofBoth = [stays, leaves].map((ledger) => several(() => ledger.signIn(load.service), COMING_AND_GOING))
  const [ofStays = [], ofLeaves = []] = await Promise.all(ofBoth)
  await replicated(old, group.stores.length - 1)
  const working = { yes: true }
  const comeAndGo = async (ledger: SignOutLedger, service: typeof gone, leaving: readonly string[]): Promise<void> => {
    for (const token of leaving) {
      if (!working.yes) return
      await ledger.signIn(service)
      await ledger.signOut(service, token)
      await pause(PACE_MS)
    }
  }
  const work = Promise.all([comeAndGo(stays, load.service, ofStays), comeAndGo(leaves, gone, ofLeaves)])
  try {
    await load.run(100)
    await group.failOver()
    await group.waitForPrimaryBut(old)
    await waitUntil("the old primary to be a replica", RECOVERS_MS, async () => String(((await askStore(old, ["ROLE"])) as unknown[])[0]) === "slave")
  } finally {
    working.yes = false
    await work
    await gone.close()
  }
  await load.recovered(RECOVERS_MS)
  try {
    return await count(load, stays, leaves, stays.silenceMs)
  } finally {
    await group.waitUntilWhole()
  }
}

async function count({ service }: FaultLoad, stays: SignOutLedger, leaves: SignOutLedger, unavailableMs: number): Promise<FailoverCost> {
  const deadline = performance.now() + REPLAYED_MS
  let undoneWithReplay = await stays.undone(service)
  while (undoneWithReplay > 0 && performance.now() < deadline) {
    await pause(50)
    undoneWithReplay = await stays.undone(service)
  }
  return {
    lost: await stays.lost(service),
    signedOut: stays.signedOut,
    undoneWithReplay,
    undoneWithout: await leaves.undone(service),
    refused: stays.refused + leaves.refused,
    unavailableMs,
  }
}

async function several(signIn: () => Promise<string | undefined>, count = SESSIONS): Promise<readonly string[]> {
  const tokens: string[] = []
  for (let i = 0; i < count; i++) {
    const token = await signIn()
    if (token !== undefined) tokens.push(token)
  }
  return tokens
}

/** Waits until all that a primary has written by now has arrived at its replicas. */
async function replicated(primary: StoreServer, replicas: number): Promise<void> {
  const written = /master_repl_offset:(\d+)/.exec(await replication(primary))?.[1]
  await waitUntil("the replicas to have all that was written", RECOVERS_MS, async () => {
    const offsets = [...(await replication(primary)).matchAll(/state=online,offset=(\d+)/g)].map(([, offset]) => Number(offset))
    return offsets.length === replicas && offsets.every((offset) => offset >= Number(written))
  })
}

async function replication(store: StoreServer): Promise<string> {
  return String(await askStore(store, ["INFO", "replication"]))
}

/** What a primary acknowledges from now on is lost with it. */
// A replica with a password that its primary refuses cannot come back. One that is only stopped would read what was sent to it meanwhile.
export async function cutOff(replicas: readonly StoreServer[]): Promise<void> {
  for (const replica of replicas) {
    await askStore(replica, ["CONFIG", "SET", "masterauth", "refused"])
    await askStore(replica, ["CLIENT", "KILL", "TYPE", "master"])
  }
}

export async function reach(replicas: readonly StoreServer[]): Promise<void> {
  for (const replica of replicas) await askStore(replica, ["CONFIG", "SET", "masterauth", ""])
}
