import { type Fields, finding, type Judged, numberOf, ok, untold } from "./doctor-answers.js"

export function judgeEviction(info: Fields): Judged {
  const policy = info?.get("maxmemory_policy")
  if (policy === undefined) return untold("eviction", "INFO")
  if (policy === "noeviction") return ok("eviction", "maxmemory-policy noeviction")
  return finding(
    "eviction",
    "problem",
    `maxmemory-policy ${policy}: a full server signs people out, and hides sessions from a sign-out everywhere`,
    "Set maxmemory-policy noeviction (CONFIG SET, and in the server's configuration).",
  )
}

const NEARLY_FULL = 0.85

export function judgeMemory(info: Fields): Judged {
  const max = numberOf(info, "maxmemory")
  const used = numberOf(info, "used_memory")
  if (max === null || used === null) return untold("memory", "INFO")
  if (max === 0) {
    return finding(
      "memory",
      "warning",
      `no maxmemory, ${megabytes(used)} used: when the machine's memory is full, its system may end the server`,
      "Set maxmemory below the memory of the machine.",
    )
  }
  const share = `${Math.round((used / max) * 100)} % of ${megabytes(max)} used`
  // Never a problem: who refuses to start over it keeps people from signing out too.
  return used / max < NEARLY_FULL ? ok("memory", share) : finding("memory", "warning", share, "Raise maxmemory, shorten timeouts, or limit sessions per user.")
}

export function judgePersistence(info: Fields, config: Fields): Judged {
  const aof = info?.get("aof_enabled")
  if (aof === undefined) return untold("persistence", "INFO")
  if (aof === "1") return judgeFsync(config?.get("appendfsync"))
  const save = config?.get("save")
  const remedy = "Set appendonly yes and appendfsync everysec, or always."
  if (save === undefined) return finding("persistence", "warning", "no append-only file; whether there are snapshots is not told", remedy)
  if (save === "")
    return finding("persistence", "warning", "none: a restart signs everybody out", `${remedy} Without it, take care that a restarted server is empty.`)
  return finding("persistence", "warning", "snapshots only: a crash loses minutes, and brings back sessions that were ended in them", remedy)
}

function judgeFsync(fsync: string | undefined): Judged {
  if (fsync === undefined) return untold("persistence", "CONFIG GET")
  if (fsync === "always") return ok("persistence", "append-only file, appendfsync always")
  if (fsync === "everysec") return ok("persistence", "append-only file, appendfsync everysec: a crash of the machine may lose the last second")
  return finding(
    "persistence",
    "warning",
    `append-only file, appendfsync ${fsync}: a crash of the machine may lose half a minute`,
    "Set appendfsync everysec, or always.",
  )
}

export function judgeSaving(info: Fields): Judged {
  const aof = info?.get("aof_last_write_status")
  const snapshot = info?.get("rdb_last_bgsave_status")
  if (aof === undefined || snapshot === undefined) return untold("saving", "INFO")
  if (aof !== "ok")
    return finding(
      "saving",
      "problem",
      "the last write to the append-only file failed",
      "Look at the server's log and disk; it takes no writes until this is mended.",
    )
  if (snapshot !== "ok")
    return finding(
      "saving",
      "problem",
      "the last snapshot failed",
      "Look at the server's log and disk; the server may refuse writes (MISCONF) until one succeeds.",
    )
  return ok("saving", "the last writes to disk succeeded")
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`
}
