import { processorSeconds } from "coatcheck-reliability/processor-time"

const MICROSECONDS = 1_000_000

/** What a server has done since it started. */
export interface ServerWork {
  /** Processor time, in microseconds. */
  readonly cpu: number
  /** How often each command was called, from scripts too. */
  readonly calls: Readonly<Record<string, number>>
  /** How often it read what a client had sent: one read may bring many commands. */
  readonly reads: number
}

/** Reads the answer to `INFO cpu stats commandstats`. */
export function readServerInfo(info: string): ServerWork {
  const calls = [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)].map(([, name = "", count]) => [name, Number(count)] as const)
  const reads = Number(/^total_reads_processed:(\d+)/m.exec(info)?.[1] ?? Number.NaN)
  return { cpu: processorSeconds(info) * MICROSECONDS, calls: Object.fromEntries(calls), reads }
}

/** What was done from one look to the next, without the look itself. */
export function workBetween(before: ServerWork, after: ServerWork): ServerWork {
  const calls = Object.entries(after.calls)
    .filter(([name]) => name !== "info")
    .map(([name, count]) => [name, count - (before.calls[name] ?? 0)] as const)
    .filter(([, count]) => count > 0)
  return { cpu: after.cpu - before.cpu, calls: Object.fromEntries(calls), reads: after.reads - before.reads - 1 }
}

export const NO_WORK: ServerWork = { cpu: 0, calls: {}, reads: 0 }

export function addWork(one: ServerWork, other: ServerWork): ServerWork {
  const calls: Record<string, number> = { ...one.calls }
  for (const [name, count] of Object.entries(other.calls)) calls[name] = (calls[name] ?? 0) + count
  return { cpu: one.cpu + other.cpu, calls, reads: one.reads + other.reads }
}
