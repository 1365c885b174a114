import type { DoctorFinding, DoctorLevel } from "../../../domain/interfaces/session/ISessionService.js"

/** Fields of `INFO` or `CLUSTER INFO`, or values of `CONFIG GET`, by name; `null` where the server does not let this user see them. */
export type Fields = ReadonlyMap<string, string> | null

/** What one server said of itself. */
export interface NodeAnswers {
  readonly info: Fields
  readonly config: Fields
  readonly cluster: Fields
  /** The server's clock minus this machine's, and how far that may be off, both in milliseconds; `null`: not told. */
  readonly clock: { readonly ahead: number; readonly tolerance: number } | null
  /** Commands that this user may not use; `null`: not told. */
  readonly denied: readonly string[] | null
}

/** How a program reaches the store. */
export interface Reach {
  /** A cluster's client. */
  readonly isCluster: boolean
  readonly encrypted: boolean | null
  readonly hosts: readonly string[]
}

type Judged = Omit<DoctorFinding, "node">
type Check = Judged["check"]

const finding = (check: Check, level: Exclude<DoctorLevel, "ok">, found: string, remedy: string): Judged => ({ check, level, found, remedy })
const ok = (check: Check, found: string): Judged => ({ check, level: "ok", found, remedy: null })
const untold = (check: Check, command: string): Judged =>
  finding(check, "unknown", `the server does not tell this user (${command})`, `Let the user run ${command}, or look at the server yourself.`)

/** All findings about one server. */
export function judgeNode(answers: NodeAnswers, reach: Reach): readonly Judged[] {
  const { info, config, clock, denied } = answers
  return [
    judgeVersion(info),
    judgeEviction(info),
    judgeMemory(info),
    judgePersistence(info, config),
    judgeSaving(info),
    judgeRole(info),
    judgeReplicas(info, config, reach),
    judgeClock(clock),
    judgePermissions(denied),
    judgeCluster(info, answers.cluster, reach),
  ]
}

const OLDEST = { Redis: 7, Valkey: 8 } as const

export function judgeVersion(info: Fields): Judged {
  if (info === null) return untold("version", "INFO")
  const valkey = info.get("valkey_version")
  const other = ["dragonfly_version", "keydb_version", "garnet_version"].find((name) => info.has(name))
  const [name, version] = valkey === undefined ? (["Redis", info.get("redis_version") ?? ""] as const) : (["Valkey", valkey] as const)
  const major = Number(/^(\d+)\./.exec(version)?.[1] ?? Number.NaN)
  if (other !== undefined || Number.isNaN(major))
    return finding("version", "unknown", "a server that is neither Redis nor Valkey", "Use Redis 7 or later, or Valkey 8 or later: others were not tried.")
  if (major >= OLDEST[name]) return ok("version", `${name} ${version}`)
  const level = name === "Redis" ? "problem" : "warning"
  return finding("version", level, `${name} ${version}`, `Update it to ${name} ${OLDEST[name]} or later.`)
}

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

export function judgeRole(info: Fields): Judged {
  const role = info?.get("role")
  if (role === undefined) return untold("role", "INFO")
  if (role === "master") return ok("role", "primary")
  return finding(
    "role",
    "problem",
    "a replica, which takes no writes and may still hold a session that was ended",
    "Connect to the primary, or let Sentinel name it (redis+sentinel://…).",
  )
}

const FAR_BEHIND_S = 10

export function judgeReplicas(info: Fields, config: Fields, { isCluster }: Pick<Reach, "isCluster">): Judged {
  if (info === null || info.get("role") === undefined) return untold("replicas", "INFO")
  if (info.get("role") !== "master") return ok("replicas", "not asked of a replica")
  const count = numberOf(info, "connected_slaves") ?? 0
  const wanted = config?.get("min-replicas-to-write") ?? config?.get("min-slaves-to-write")
  const good = numberOf(info, "min_slaves_good_slaves")
  if (good !== null && wanted !== undefined && good < Number(wanted))
    return finding("replicas", "problem", `${good} in time, ${wanted} needed: writes are refused`, "Bring the replicas back, or lower min-replicas-to-write.")
  if (count === 0) {
    if (!isCluster) return ok("replicas", "none")
    return finding("replicas", "warning", "none: when this primary is lost, so are its sessions", "Give each primary a replica on another machine.")
  }
  const behind = [...info].filter(([name, value]) => /^slave\d+$/.test(name) && isBehind(value)).length
  if (behind > 0)
    return finding("replicas", "warning", `${count}, of which ${behind} not in sync or far behind`, "Look at the replicas and the network between.")
  if (wanted === "0") {
    return finding(
      "replicas",
      "warning",
      `${count}, min-replicas-to-write 0: a primary that was cut off goes on accepting sign-ins, which are lost afterwards`,
      "Set min-replicas-to-write 1 and min-replicas-max-lag 10.",
    )
  }
  return ok("replicas", `${count} in sync`)
}

function isBehind(replica: string): boolean {
  return !replica.includes("state=online") || Number(/lag=(\d+)/.exec(replica)?.[1] ?? 0) > FAR_BEHIND_S
}

/** As far as the clock of the application may be ahead before a time of authentication counts as future. */
const CLOCKS_APART_MS = 1_000

export function judgeClock(clock: NodeAnswers["clock"]): Judged {
  if (clock === null) return untold("clock", "TIME")
  const apart = Math.abs(clock.ahead)
  const found = `the server's is ${Math.round(apart)} ms ${clock.ahead < 0 ? "behind" : "ahead of"} this machine's, give or take ${Math.ceil(clock.tolerance)} ms`
  if (apart <= CLOCKS_APART_MS + clock.tolerance) return ok("clock", found)
  return finding("clock", "warning", found, "Let both machines follow a time server; sessions end by the server's clock, cookies by the other.")
}

export function judgePermissions(denied: readonly string[] | null): Judged {
  if (denied === null) return finding("permissions", "unknown", "the check could not be run now", "Try again when the server answers scripts.")
  if (denied.length === 0) return ok("permissions", "this user may do all that is needed")
  const rules = denied.map((command) => `+${command.toLowerCase()}`).join(" ")
  return finding(
    "permissions",
    "problem",
    `this user may not use ${denied.join(", ")} on the keys of sessions`,
    `Extend the user's ACL: ${rules}, and the keys of docs/keys.md.`,
  )
}

export function judgeCluster(info: Fields, cluster: Fields, { isCluster }: Pick<Reach, "isCluster">): Judged {
  const enabled = info?.get("cluster_enabled")
  if (!isCluster) {
    if (enabled === "1")
      return finding("cluster", "problem", "a node of a cluster, reached as if it were alone", "Use redis+cluster://…, or hand in a cluster's client.")
    return enabled === undefined ? untold("cluster", "INFO") : ok("cluster", "none")
  }
  if (cluster === null) return untold("cluster", "CLUSTER INFO")
  const state = cluster.get("cluster_state")
  const failed = (numberOf(cluster, "cluster_slots_fail") ?? 0) + (numberOf(cluster, "cluster_slots_pfail") ?? 0)
  const missing = SLOTS - (numberOf(cluster, "cluster_slots_assigned") ?? SLOTS)
  if (state !== "ok" || failed > 0 || missing > 0)
    return finding(
      "cluster",
      "problem",
      `state ${state ?? "not told"}, ${missing} slots without an owner, ${failed} failing`,
      "Look at CLUSTER NODES, and run redis-cli --cluster fix.",
    )
  return ok("cluster", `state ok, ${cluster.get("cluster_size") ?? "?"} primaries`)
}

const SLOTS = 16_384

/** One finding for the whole store. */
export function judgeEncryption({ encrypted, hosts }: Pick<Reach, "encrypted" | "hosts">): Judged {
  if (encrypted === null)
    return finding("encryption", "unknown", "the client does not show whether it uses TLS", "See that it does, unless the store is on this machine.")
  if (encrypted) return ok("encryption", "TLS")
  if (hosts.length > 0 && hosts.every(isLoopback)) return ok("encryption", "none, on this machine")
  return finding(
    "encryption",
    "warning",
    "none: whoever listens on the way reads session data, and a password",
    "Use rediss:// (rediss+cluster://, rediss+sentinel://).",
  )
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}

function numberOf(fields: Fields, name: string): number | null {
  const value = fields?.get(name)
  return value === undefined || !/^\d+$/.test(value) ? null : Number(value)
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MiB`
}

/** The fields of an answer such as that of `INFO`. */
export function parseFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(":")
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}
