/**
 * What a server has used of its processor since it started, in seconds, by its reply to `INFO cpu`. The whole process is asked about: of the main thread alone the
 * kernel tells the time up to its last tick.
 */
export function processorSeconds(info: string): number {
  return secondsOf(info, "used_cpu_user") + secondsOf(info, "used_cpu_sys")
}

function secondsOf(info: string, field: string): number {
  const text = new RegExp(`^${field}:(\\d+(?:\\.\\d+)?)\\r?$`, "m").exec(info)?.[1]
  if (text === undefined) throw new Error(`Expected INFO cpu to tell ${field}, got none`)
  return Number(text)
}
