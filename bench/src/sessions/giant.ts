import { setTimeout as pause } from "node:timers/promises"
import { StoreServer } from "coatcheck-reliability/servers"
import type { GroupSettings, Measured } from "../group.js"
import { markdownTable, shown } from "../markdown.js"
import { ServerMeter } from "../server/ServerMeter.js"
import { longestOf, type SlowCommand, SlowLog } from "../server/SlowLog.js"
import { type Spread, spreadOf } from "../spread.js"
import { TARGETS } from "../targets/targets.js"
import { crowd } from "./crowd.js"
import { openNodeRedis } from "./node-redis.js"
import { payloadOf } from "./payload.js"
import { fillSessions, serviceOn } from "./stored.js"

const LARGEST = 100_000
const LONGEST_MS = TARGETS["giant-longest"].value

/** Sessions of others in the same server. */
const OTHERS = { quick: 5_000, full: 100_000 }

/** For so long a list remembers what was ended, so that no late copy of a sign-in brings it back; see docs/adr/0005-the-list-remembers.md. */
const MEMORY_MS = 2_500

/** Beyond its memory: until then a list is gone, or what is left of it is not looked at. */
const TIDYING_MS = 3_000
const POLL_MS = 50

/** How long before their end sessions were opened, in milliseconds. What is younger than the list's memory stays in the list for a while. */
const AGES = { "some seconds old": MEMORY_MS + 500, "just opened": 0 }

/** One user with very many sessions, all of which are ended. */
export interface GiantFigures {
  readonly name: string
  readonly age: string
  readonly sessions: number
  /** Milliseconds from the call to its answer. */
  readonly job: Spread
  /** Milliseconds of the server's processor meanwhile. */
  readonly server: Spread
  /** The same after the answer, until the list is gone. */
  readonly tidying: Spread
  /** Milliseconds of the longest single command or script, until the list is gone. */
  readonly longest: Spread
  /** How many took more than 2 ms, in all rounds. */
  readonly over: number
  /** What the longest of all was. */
  readonly command: string
}

/** Measures how long it takes to end them all, and how long each single command keeps others waiting. */
export async function runGiant(settings: GroupSettings): Promise<Measured> {
  await using server = await StoreServer.start("redis")
  await using meter = new ServerMeter(server.url)
  const [old, young] = await measureGiant(server.url, meter, settings)
  for (const giant of [old, young]) settings.onText(giantTable(giant))
  return {
    figures: { server: `Redis ${server.version}`, old, young },
    // The targets name the number of sessions, of which a quick run opens a tenth.
    findings: settings.quick
      ? []
      : [
          { target: "giant-longest", measured: old.longest },
          { target: "giant-job", measured: old.job },
          { target: "giant-young-longest", measured: young.longest },
          { target: "giant-young-job", measured: young.job },
        ],
  }
}

/** Ends all sessions of such a user, again and again, beside all other sessions of that server. */
async function measureGiant(
  url: string,
  meter: ServerMeter,
  { quick, rounds, signal, onProgress }: GroupSettings,
): Promise<readonly [old: GiantFigures, young: GiantFigures]> {
  const sessions = quick ? LARGEST / 10 : LARGEST
  const raw = await openNodeRedis(url)
  const service = await serviceOn(raw.client)
  const log = new SlowLog(url)
  try {
    await fillSessions(service, quick ? OTHERS.quick : OTHERS.full, { signal, onProgress: (done) => onProgress(`storing sessions of others: ${done}`) })
    const ended: Ended[] = []
    for (let round = 1; round <= rounds; round++)
      for (const [age, ms] of Object.entries(AGES)) {
        const { device, attributes } = payloadOf(0)
        const userId = `giant-${round}-${ms}`
        const told = `round ${round} of ${rounds}, ${age}`
        const keys = await raw.client.dbSize()
        // Nobody else is there, so the list was the last of this user's keys.
        const isGone = async (): Promise<boolean> => (await raw.client.dbSize()) <= keys
        await crowd(sessions, () => service.createSession({ userId, device, attributes }), {
          signal,
          onProgress: (done) => onProgress(`${told}: ${done} of ${sessions}`),
        })
        await pause(ms, undefined, { signal })
        await log.begin()
        const { result, server } = await meter.during(async () => {
          const began = performance.now()
          return { count: await service.deleteUserSessions(userId), job: performance.now() - began }
        })
        const { count, job } = result
        if (count !== sessions) throw new Error(`Expected ${sessions} sessions to be ended, got ${count}`)
        const { server: after } = await meter.during(() => until(isGone, MEMORY_MS + TIDYING_MS, signal))
        ended.push({ age, job, server: server.cpu / 1_000, tidying: after.cpu / 1_000, commands: await log.end() })
      }
    const [old, young] = Object.keys(AGES).map((age) =>
      figuresOf(
        age,
        sessions,
        ended.filter((one) => one.age === age),
      ),
    )
    if (old === undefined || young === undefined) throw new RangeError("Expected two ages")
    return [old, young]
  } finally {
    log.close()
    await service.close()
    raw.close()
  }
}

/** Asks again and again, for so many milliseconds at most. */
async function until(isOver: () => Promise<boolean>, ms: number, signal: AbortSignal): Promise<void> {
  const ends = performance.now() + ms
  while (!(await isOver()) && performance.now() < ends) await pause(POLL_MS, undefined, { signal })
}

interface Ended {
  readonly age: string
  readonly job: number
  readonly server: number
  readonly tidying: number
  readonly commands: readonly SlowCommand[]
}

function figuresOf(age: string, sessions: number, ended: readonly Ended[]): GiantFigures {
  const all = ended.flatMap(({ commands }) => commands).toSorted((one, other) => other.ms - one.ms)
  return {
    name: "coatcheck, deleteUserSessions",
    age,
    sessions,
    job: spreadOf(ended.map(({ job }) => job)),
    server: spreadOf(ended.map(({ server }) => server)),
    tidying: spreadOf(ended.map(({ tidying }) => tidying)),
    longest: spreadOf(ended.map(({ commands }) => longestOf(commands))),
    over: all.filter(({ ms }) => ms > LONGEST_MS).length,
    command: all[0]?.name ?? "–",
  }
}

function giantTable({ name, age, sessions, job, server, tidying, longest, over, command }: GiantFigures): string {
  const lines = [
    ["ms of the longest command", `${shown(longest, 2)}; ${over} over ${LONGEST_MS} ms; the longest: ${command}`],
    ["ms of the whole job", shown(job, 0)],
    ["ms of Redis' processor", shown(server, 0)],
    ["ms of Redis' processor after the answer, until the list is gone", shown(tidying, 0)],
  ]
  return markdownTable([`${name}, of ${sessions} sessions that are ${age}`, "measured"], lines)
}
