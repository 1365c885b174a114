import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type ISessionService } from "coatcheck"
import { nearCacheOn } from "../../near/near-mode.js"
import { SentinelGroup } from "../../servers/SentinelGroup.js"
import { waitUntil } from "../../servers/wait-until.js"
import { openStore } from "../../workloads/open-store.js"
import type { Attributes } from "../../workloads/RecordedClient.js"
import { ServerClock } from "../clocks/ServerClock.js"
import { despiteTilt } from "../despite-tilt.js"
import { FaultLoad } from "../FaultLoad.js"
import type { FaultRow } from "../fault-row.js"
import { beyondDeadline, limitsHeld } from "../limits.js"

/** A life is longer than a failover that was asked for and the shift together. A full run waits for late ends too. */
const TRIES = { full: { shiftsMs: [5_000, -5_000], lifeMs: 14_000 }, quick: { shiftsMs: [3_000], lifeMs: 8_000 } } as const
const LOOK_EVERY_MS = 50
/** The failover in between may hold up a look, and the server removes in its own time. */
const NEAR_MS = 1_500

interface Ending {
  readonly shiftMs: number
  /** How much later than promised the session ended; less than nothing: earlier. */
  readonly lateMs: number
}

/** The replica that takes over has another time. Deadlines then lie elsewhere by the difference of the clocks, and by nothing more. */
export const FAILOVER_TO_OTHER_CLOCK: FaultRow = {
  number: 26,
  name: "failover to a replica with another clock",
  topologies: ["sentinel"],
  needs: ["gcc"],
  onlyInFull: "left to the full run; quick: 25 sets a clock, 7 replaces a primary",
  async run({ kind, client, seed, scale, signal, times, note }) {
    using clock = await ServerClock.build()
    await using group = await SentinelGroup.start(kind, { replicas: 1, environmentOfReplicas: clock.environment })
    const opened = await openStore(client, group.url)
    const rounds = times(2, 1)
    const endings: Ending[] = []
    try {
      await using service = await createSessionService<Attributes>({ store: opened.store, nearCache: nearCacheOn(opened.store) })
      await using load = await FaultLoad.start({ store: opened.store, seed, users: 60, clients: 4, paceMs: 10 })
      const { shiftsMs, lifeMs } = TRIES[scale]
      for (let i = 0; i < rounds * shiftsMs.length; i++) {
        const shiftMs = shiftsMs[i % shiftsMs.length] ?? 0
        note(`failover ${i + 1} of ${rounds * shiftsMs.length}`)
        endings.push(await load.disrupting(() => despiteTilt(group, () => endOfSession({ group, clock, service, shiftMs, lifeMs, signal }))))
      }
      const found = await load.finish()
      const why = limitsHeld(found, { timeoutMs: 1_000, mayLose: true })
      for (const { shiftMs, lateMs } of endings)
        if (Math.abs(lateMs + shiftMs) > NEAR_MS + found.lateMs) why.push(`Expected a session to end ${-shiftMs} ms late, got ${Math.round(lateMs)} ms`)
      return {
        version: group.version,
        tried: endings.length,
        figures: {
          calls: found.operations,
          ...Object.fromEntries(shiftsMs.map((shiftMs) => [`ends late by ms, clock ${shiftMs / 1_000} s off`, endsOf(endings, shiftMs)])),
          lost: found.lost,
          "longest call ms": Math.round(found.longestCallMs),
          tilt: group.tilts(),
        },
        summary: {
          "acknowledged writes lost, failover": found.lost,
          "partial records": found.partial,
          "longest call beyond its deadline (ms)": Math.round(beyondDeadline(found, 1_000)),
        },
        why,
      }
    } finally {
      await opened.close()
    }
  },
}

interface Try {
  readonly group: SentinelGroup
  readonly clock: ServerClock
  readonly service: ISessionService<Attributes>
  readonly shiftMs: number
  readonly lifeMs: number
  readonly signal: AbortSignal
}

/** Lets the replica with the other clock take over in the middle of a session's life, and waits for the session's end. */
async function endOfSession({ group, clock, service, shiftMs, lifeMs, signal }: Try): Promise<Ending> {
  const [first] = group.stores
  clock.shift(0)
  if (first === undefined) throw new RangeError("Expected a store")
  await failOverTo(group, (primary) => primary === first)
  await group.waitUntilWhole()
  const { token } = await service.createSession({ userId: "clock", attributes: { text: "-" }, absoluteTimeout: `${lifeMs}ms` })
  const began = performance.now()
  clock.shift(shiftMs)
  await failOverTo(group, (primary) => primary !== first)
  try {
    let ended = Number.NaN
    await waitUntil("the session to end", lifeMs + Math.abs(shiftMs) + 5_000, async () => {
      signal.throwIfAborted()
      const session = await service.getSession(token, { touch: false })
      if (session === null) ended = performance.now()
      else await pause(LOOK_EVERY_MS)
      return session === null
    })
    return { shiftMs, lateMs: ended - began - lifeMs }
  } finally {
    clock.shift(0)
  }
}

async function failOverTo(group: SentinelGroup, isRight: (primary: unknown) => boolean): Promise<void> {
  const primary = await group.primary()
  if (isRight(primary)) return
  await group.failOver()
  await group.waitForPrimaryBut(primary)
}

function endsOf(endings: readonly Ending[], shiftMs: number): string {
  const own = endings.filter((ending) => ending.shiftMs === shiftMs).map(({ lateMs }) => Math.round(lateMs))
  return own.length === 0 ? "not tried" : own.join(", ")
}
