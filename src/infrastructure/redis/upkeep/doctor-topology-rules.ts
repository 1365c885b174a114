import { type Fields, finding, type Judged, numberOf, ok, type Reach, untold } from "./doctor-answers.js"

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
  // Told only while a minimum holds, which is never less than one.
  const good = numberOf(info, "min_slaves_good_slaves")
  if (good !== null && good < Number(wanted ?? 1)) {
    const found = `${good} in time, ${wanted ?? "at least 1"} needed: writes are refused`
    return finding("replicas", "problem", found, "Bring the replicas back, or lower min-replicas-to-write.")
  }
  if (count === 0) {
    if (!isCluster) return ok("replicas", "none")
    return finding("replicas", "warning", "none: when this primary is lost, so are its sessions", "Give each primary a replica on another machine.")
  }
  const behind = [...info].filter(([name, value]) => /^slave\d+$/.test(name) && isBehind(value)).length
  if (behind > 0)
    return finding("replicas", "warning", `${count}, of which ${behind} not in sync or far behind`, "Look at the replicas and the network between.")
  if (good === null) {
    return finding(
      "replicas",
      "warning",
      `${count}, without a minimum: a primary that was cut off goes on accepting sign-ins, which are lost afterwards`,
      "Set min-replicas-to-write 1 and min-replicas-max-lag 10.",
    )
  }
  if (wanted === undefined) return untold("replicas", "CONFIG GET")
  return ok("replicas", `${count} in sync`)
}

function isBehind(replica: string): boolean {
  return !replica.includes("state=online") || Number(/lag=(\d+)/.exec(replica)?.[1] ?? 0) > FAR_BEHIND_S
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

/** Of a primary of a cluster whose others answer. */
export function judgeSilence(code: string): Judged {
  return finding(
    "cluster",
    "problem",
    `this primary does not answer (${code}): the sessions that it keeps cannot be used`,
    "Look at its process, its machine and the network between, and see that a replica takes over.",
  )
}

const SLOTS = 16_384
