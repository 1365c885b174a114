import type { GroupSettings } from "../group.js"
import { markdownTable, shown } from "../markdown.js"
import type { ServerMeter } from "../server/ServerMeter.js"
import { type SlowCommand, SlowLog } from "../server/SlowLog.js"
import { type Spread, spreadOf, verdictOf } from "../spread.js"
import { crowd } from "./crowd.js"
import { payloadOf } from "./payload.js"
import { openNodeRedis } from "./raw-clients.js"
import { serviceOn } from "./stored.js"

const LARGEST = 100_000

/** One user with very many sessions, all of which are ended. */
export interface GiantFigures {
  readonly name: string
  readonly sessions: number
  /** Milliseconds from the call to its answer. */
  readonly job: Spread
  /** Milliseconds of the server's processor meanwhile. */
  readonly server: Spread
  /** Milliseconds of the longest single command or script. */
  readonly longest: Spread
  /** How many took more than 2 ms, in all rounds. */
  readonly over: number
  /** What the longest of all was. */
  readonly command: string
}

const LONGEST_COMMAND = { kind: "at most", value: 2 } as const
const WHOLE_JOB = { kind: "at most", value: 300 } as const

/** Ends all sessions of such a user, again and again, beside all other sessions of that server. */
export async function measureGiant(url: string, meter: ServerMeter, { quick, only, signal, onProgress }: GroupSettings): Promise<GiantFigures | null> {
  const name = "coatcheck, deleteUserSessions"
  if (!name.includes(only)) return null
  const sessions = quick ? LARGEST / 10 : LARGEST
  const rounds = quick ? 2 : 5
  const raw = await openNodeRedis(url)
  const service = await serviceOn(raw.client)
  const log = new SlowLog(url)
  try {
    const ended: { readonly job: number; readonly server: number; readonly commands: readonly SlowCommand[] }[] = []
    for (let round = 1; round <= rounds; round++) {
      const { device, attributes } = payloadOf(0)
      const userId = `giant-${round}`
      const told = `giant, round ${round} of ${rounds}`
      await crowd(sessions, () => service.createSession({ userId, device, attributes }), {
        signal,
        onProgress: (done) => onProgress(`${told}: ${done} of ${sessions}`),
      })
      await log.begin()
      const { result, server } = await meter.during(async () => {
        const began = performance.now()
        return { count: await service.deleteUserSessions(userId), job: performance.now() - began }
      })
      const { count, job } = result
      if (count !== sessions) throw new Error(`${name}: expected ${sessions} sessions to be ended, got ${count}`)
      ended.push({ job, server: server.cpu / 1_000, commands: await log.end() })
    }
    const all = ended.flatMap(({ commands }) => commands).toSorted((one, other) => other.ms - one.ms)
    return {
      name,
      sessions,
      job: spreadOf(ended.map(({ job }) => job)),
      server: spreadOf(ended.map(({ server }) => server)),
      longest: spreadOf(ended.map(({ commands }) => longestOf(commands))),
      over: all.filter(({ ms }) => ms > LONGEST_COMMAND.value).length,
      command: all[0]?.name ?? "–",
    }
  } finally {
    log.close()
    await service.close()
    raw.close()
  }
}

function longestOf(commands: readonly SlowCommand[]): number {
  return Math.max(0, ...commands.map(({ ms }) => ms))
}

export function giantTable({ name, sessions, job, server, longest, over, command }: GiantFigures): string {
  const longestSaid = `${shown(longest, 2)}; ${over} over ${LONGEST_COMMAND.value} ms; the longest: ${command}`
  const lines = [
    ["ms of the longest command", longestSaid, verdictOf(longest, LONGEST_COMMAND)],
    ["ms of the whole job", shown(job, 0), sessions === LARGEST ? verdictOf(job, WHOLE_JOB) : "–"],
    ["ms of Redis' processor", shown(server, 0), "–"],
  ]
  return markdownTable([`${name}, of ${sessions} sessions`, "measured", "wanted"], lines)
}
