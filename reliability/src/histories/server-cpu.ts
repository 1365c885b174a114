const MILLISECONDS = 1_000

/**
 * What a server used of its processor between two replies to `INFO cpu`, in milliseconds. The whole process is asked about: of the main thread alone the
 * kernel tells the time up to its last tick.
 */
export function cpuBetween(before: string, after: string): number {
  return cpuOf(after) - cpuOf(before)
}

function cpuOf(info: string): number {
  return (secondsOf(info, "used_cpu_user") + secondsOf(info, "used_cpu_sys")) * MILLISECONDS
}

function secondsOf(info: string, field: string): number {
  const text = new RegExp(`^${field}:(\\d+(?:\\.\\d+)?)\\r?$`, "m").exec(info)?.[1]
  if (text === undefined) throw new Error(`Expected INFO cpu to tell ${field}, got none`)
  return Number(text)
}

/** What one command used. */
export interface CommandCpu {
  readonly ms: number
  readonly name: string
}

/** The dearest of them. @throws where there is none: then nothing was measured */
export function dearest(commands: readonly CommandCpu[]): CommandCpu {
  const [first, ...others] = commands
  if (first === undefined) throw new Error("Expected scripts to be measured, got none")
  return others.reduce((most, one) => (one.ms > most.ms ? one : most), first)
}
