import type { CleanupReport } from "coatcheck"
import type { GroupSettings } from "../group.js"
import { markdownTable } from "../markdown.js"
import { longestOf, SlowLog } from "../server/SlowLog.js"
import { openNodeRedis } from "./node-redis.js"
import { serviceOn } from "./stored.js"

/** Entries a second that are asked for at most: sessions, and users' lists. */
const RATE = 50_000

/** A cleanup over a whole store that was stopped halfway and went on where it was. */
export interface CleanupFigures {
  readonly stored: number
  readonly rate: number
  readonly seconds: number
  /** Sessions and members of lists that it looked at. */
  readonly scanned: number
  readonly live: number
  readonly reports: number
  /** Milliseconds of the longest single command or script. */
  readonly longest: number
}

/** Cleans up a store of so many live sessions, in two parts. */
export async function measureCleanup(
  url: string,
  stored: number,
  { signal, onProgress }: Pick<GroupSettings, "signal" | "onProgress">,
): Promise<CleanupFigures> {
  const raw = await openNodeRedis(url)
  const sessions = await serviceOn(raw.client)
  const log = new SlowLog(url)
  let reports = 0
  const part = (before: CleanupReport | null): Promise<CleanupReport> => {
    const enough = new AbortController()
    return sessions.cleanupExpiredSessions({
      maxPerSecond: RATE,
      cursor: before?.cursor,
      signal: AbortSignal.any([signal, enough.signal]),
      onProgress: ({ live }) => {
        reports++
        const done = live + (before?.live ?? 0)
        onProgress(`cleanup: ${done} of ${stored} sessions`)
        if (before === null && done >= stored / 2) enough.abort()
      },
    })
  }
  try {
    await log.begin()
    const began = performance.now()
    const first = await part(null)
    if (first.cursor === undefined) throw new Error("Expected a cleanup that was stopped to say where to go on")
    const rest = await part(first)
    const seconds = (performance.now() - began) / 1_000
    signal.throwIfAborted()
    const longest = longestOf(await log.end())
    return { stored, rate: RATE, seconds, scanned: first.scanned + rest.scanned, live: first.live + rest.live, reports, longest }
  } finally {
    log.close()
    await sessions.close()
    raw.close()
  }
}

export function cleanupTable({ stored, rate, seconds, scanned, live, reports, longest }: CleanupFigures): string {
  const lines = [
    ["seconds", seconds.toFixed(1)],
    [`sessions and members of lists looked at a second, ${rate} at most`, (scanned / seconds).toFixed(0)],
    ["live sessions that it told of (a walk may meet a key twice)", String(live)],
    ["reports of its progress", String(reports)],
    ["ms of the longest command", longest.toFixed(2)],
  ]
  return markdownTable([`coatcheck, cleanup of ${stored} sessions, stopped halfway and gone on`, "measured"], lines)
}
