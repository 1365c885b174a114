import { RedisStore } from "connect-redis"
import { connectRedis } from "./connect-redis.js"
import { type ClientTargets, oursOn } from "./ours.js"
import { plainDesign } from "./plain-design.js"
import { type BoardSettings, rawCommands } from "./raw-boards.js"
import type { Board } from "./session-case.js"

const TARGETS: Readonly<Record<string, ClientTargets>> = {
  "node-redis": { read: 2, readAt512: 2.5, readCpu: 0.45, readAndTouch: 0.6, create: 0.6 },
  ioredis: { read: 1.4, readAt512: 1.8, readCpu: 0.65, readAndTouch: 0.8, create: 0.45 },
}

/** All rows on one client, each beside its raw command. */
export async function boardsOn(settings: BoardSettings): Promise<{ readonly boards: readonly Board[]; close(): Promise<void> }> {
  const { name, client } = settings.raw
  const targets = TARGETS[name]
  if (targets === undefined) throw new RangeError(`Expected a client to be one of ${Object.keys(TARGETS).join(", ")}`)
  const raw = rawCommands(settings)
  const ours = await oursOn(settings, targets)
  const plain = plainDesign(settings)
  const peer = name === "node-redis" ? connectRedis(new RedisStore({ client }), settings) : null
  const boards: readonly Board[] = [
    { baseline: raw.get, cases: [...ours.read, plain.read, ...(peer === null ? [] : [peer.read])] },
    { baseline: raw.set, cases: [ours.create, plain.create, ...(peer === null ? [] : [peer.create])] },
    { baseline: raw.getThenSet, cases: [ours.update, plain.update, ...(peer === null ? [] : [peer.update])] },
    { baseline: raw.mget, cases: [ours.list], inFlight: [1, 64] },
    // A walk over all keys takes so long that one at a time is enough.
    { baseline: raw.mget, cases: [plain.list, ...(peer === null ? [] : [peer.list])], inFlight: [1] },
    // Last, since what deleting leaves to be tidied is tidied seconds later, beside whatever runs then.
    { baseline: raw.del, cases: [ours.end, ...(peer === null ? [] : [peer.end])] },
  ]
  return { boards, close: ours.close }
}
