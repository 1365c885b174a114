/** What a server has done since it started. */
export interface ServerWork {
  /** Processor time, in microseconds. */
  readonly cpu: number
  /** How often each command was called, from scripts too. */
  readonly calls: Readonly<Record<string, number>>
}

/** Reads the answer to `INFO cpu commandstats`. */
export function readServerInfo(info: string): ServerWork {
  const spent = ["used_cpu_user", "used_cpu_sys"].map((name) => Number(new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1] ?? Number.NaN))
  const calls = [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)].map(([, name = "", count]) => [name, Number(count)] as const)
  return { cpu: spent.reduce((sum, seconds) => sum + seconds * 1_000_000, 0), calls: Object.fromEntries(calls) }
}

/** What was done from one look to the next, without the look itself. */
export function workBetween(before: ServerWork, after: ServerWork): ServerWork {
  const calls = Object.entries(after.calls)
    .filter(([name]) => name !== "info")
    .map(([name, count]) => [name, count - (before.calls[name] ?? 0)] as const)
    .filter(([, count]) => count > 0)
  return { cpu: after.cpu - before.cpu, calls: Object.fromEntries(calls) }
}

export const NO_WORK: ServerWork = { cpu: 0, calls: {} }

export function addWork(one: ServerWork, other: ServerWork): ServerWork {
  const calls: Record<string, number> = { ...one.calls }
  for (const [name, count] of Object.entries(other.calls)) calls[name] = (calls[name] ?? 0) + count
  return { cpu: one.cpu + other.cpu, calls }
}
