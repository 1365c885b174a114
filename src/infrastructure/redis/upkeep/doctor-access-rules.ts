import { type Fields, finding, type Judged, type NodeAnswers, ok, type Reach, untold } from "./doctor-answers.js"

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
    "Use rediss:// (rediss+cluster://, rediss+sentinel://), or a client with TLS (ioredis behind Sentinels: with enableTLSForSentinelMode too).",
  )
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
