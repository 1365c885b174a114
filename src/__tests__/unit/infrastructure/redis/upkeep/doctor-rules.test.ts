import { describe, expect, it } from "vitest"
import type { DoctorFinding } from "../../../../../domain/interfaces/session/ISessionService.js"
import { judgeClock, judgeEncryption, judgePermissions, judgeVersion } from "../../../../../infrastructure/redis/upkeep/doctor-access-rules.js"
import { type Fields, parseFields } from "../../../../../infrastructure/redis/upkeep/doctor-answers.js"
import { judgeEviction, judgeMemory, judgePersistence, judgeSaving } from "../../../../../infrastructure/redis/upkeep/doctor-data-rules.js"
import { judgeNode } from "../../../../../infrastructure/redis/upkeep/doctor-rules.js"
import { judgeCluster, judgeReplicas, judgeRole } from "../../../../../infrastructure/redis/upkeep/doctor-topology-rules.js"

const fields = (values: Readonly<Record<string, string>>): Fields => new Map(Object.entries(values))
const ALONE = { isCluster: false }
const CLUSTER = { isCluster: true }
const ONLINE = "ip=10.0.0.2,port=6379,state=online,offset=1,lag=0"

type Row = readonly [what: string, got: Omit<DoctorFinding, "node">, level: DoctorFinding["level"], found: RegExp]

const ROWS: readonly Row[] = [
  ["Redis 7", judgeVersion(fields({ redis_version: "7.0.0" })), "ok", /^Redis 7\.0\.0$/],
  ["Redis 10", judgeVersion(fields({ redis_version: "10.2.1" })), "ok", /^Redis 10/],
  ["Redis 6", judgeVersion(fields({ redis_version: "6.2.14" })), "problem", /6\.2/],
  // Valkey calls itself Redis 7.2.4 as well.
  ["Valkey 8", judgeVersion(fields({ redis_version: "7.2.4", valkey_version: "8.1.1" })), "ok", /^Valkey 8/],
  ["Valkey 7", judgeVersion(fields({ redis_version: "7.2.4", valkey_version: "7.2.5" })), "warning", /^Valkey 7/],
  ["a server that imitates", judgeVersion(fields({ redis_version: "7.4.0", dragonfly_version: "df-1.2" })), "unknown", /neither/],
  ["a version that is none", judgeVersion(fields({ redis_version: "unstable" })), "unknown", /neither/],
  ["no INFO: version", judgeVersion(null), "unknown", /INFO/],

  ["noeviction", judgeEviction(fields({ maxmemory_policy: "noeviction" })), "ok", /noeviction/],
  ["allkeys-lru", judgeEviction(fields({ maxmemory_policy: "allkeys-lru" })), "problem", /allkeys-lru/],
  ["volatile-ttl", judgeEviction(fields({ maxmemory_policy: "volatile-ttl" })), "problem", /volatile-ttl/],
  ["a policy that is hidden", judgeEviction(fields({})), "unknown", /INFO/],

  ["half full", judgeMemory(fields({ maxmemory: "104857600", used_memory: "52428800" })), "ok", /^50 % of 100 MiB/],
  ["nearly full", judgeMemory(fields({ maxmemory: "100", used_memory: "85" })), "warning", /^85 %/],
  ["overfull", judgeMemory(fields({ maxmemory: "100", used_memory: "130" })), "warning", /^130 %/],
  ["no maxmemory", judgeMemory(fields({ maxmemory: "0", used_memory: "52428800" })), "warning", /no maxmemory, 50 MiB/],
  ["no figures", judgeMemory(fields({ maxmemory: "?" })), "unknown", /INFO/],

  ["always", judgePersistence(fields({ aof_enabled: "1" }), fields({ appendfsync: "always" })), "ok", /always/],
  ["everysec", judgePersistence(fields({ aof_enabled: "1" }), fields({ appendfsync: "everysec" })), "ok", /last second/],
  ["fsync no", judgePersistence(fields({ aof_enabled: "1" }), fields({ appendfsync: "no" })), "warning", /appendfsync no/],
  ["fsync hidden", judgePersistence(fields({ aof_enabled: "1" }), null), "unknown", /CONFIG GET/],
  ["snapshots", judgePersistence(fields({ aof_enabled: "0" }), fields({ save: "3600 1" })), "warning", /snapshots only/],
  ["nothing", judgePersistence(fields({ aof_enabled: "0" }), fields({ save: "" })), "warning", /^none: a restart/],
  ["no CONFIG", judgePersistence(fields({ aof_enabled: "0" }), null), "warning", /not told/],
  ["no INFO: persistence", judgePersistence(null, null), "unknown", /INFO/],

  ["writes succeed", judgeSaving(fields({ aof_last_write_status: "ok", rdb_last_bgsave_status: "ok" })), "ok", /succeeded/],
  ["a write failed", judgeSaving(fields({ aof_last_write_status: "err", rdb_last_bgsave_status: "ok" })), "problem", /append-only/],
  ["a snapshot failed", judgeSaving(fields({ aof_last_write_status: "ok", rdb_last_bgsave_status: "err" })), "problem", /snapshot/],
  ["no INFO: saving", judgeSaving(null), "unknown", /INFO/],

  ["a primary", judgeRole(fields({ role: "master" })), "ok", /primary/],
  ["a replica", judgeRole(fields({ role: "slave" })), "problem", /replica/],
  ["no INFO: role", judgeRole(null), "unknown", /INFO/],

  ["alone without replicas", judgeReplicas(fields({ role: "master", connected_slaves: "0" }), null, ALONE), "ok", /^none$/],
  ["in a cluster without replicas", judgeReplicas(fields({ role: "master", connected_slaves: "0" }), null, CLUSTER), "warning", /lost/],
  [
    "a replica in time",
    judgeReplicas(
      fields({ role: "master", connected_slaves: "1", min_slaves_good_slaves: "1", slave0: ONLINE }),
      fields({ "min-replicas-to-write": "1" }),
      ALONE,
    ),
    "ok",
    /^1 /,
  ],
  [
    "replicas by no minimum",
    judgeReplicas(fields({ role: "master", connected_slaves: "1", slave0: ONLINE }), fields({ "min-replicas-to-write": "0" }), ALONE),
    "warning",
    /cut off/,
  ],
  // The server names those in time only while a minimum holds.
  [
    "replicas by no minimum, without CONFIG",
    judgeReplicas(fields({ role: "master", connected_slaves: "1", slave0: ONLINE }), null, ALONE),
    "warning",
    /cut off/,
  ],
  [
    "a minimum that min-replicas-max-lag 0 turns off",
    judgeReplicas(fields({ role: "master", connected_slaves: "1", slave0: ONLINE }), fields({ "min-replicas-to-write": "1" }), ALONE),
    "warning",
    /cut off/,
  ],
  [
    "replicas by a minimum that is not told",
    judgeReplicas(fields({ role: "master", connected_slaves: "1", min_slaves_good_slaves: "1", slave0: ONLINE }), null, ALONE),
    "unknown",
    /CONFIG GET/,
  ],
  [
    "no replica by a minimum that is not told",
    judgeReplicas(fields({ role: "master", connected_slaves: "0", min_slaves_good_slaves: "0" }), null, ALONE),
    "problem",
    /0 in time.*refused/,
  ],
  [
    "a replica behind",
    judgeReplicas(fields({ role: "master", connected_slaves: "1", slave0: ONLINE.replace("lag=0", "lag=11") }), null, ALONE),
    "warning",
    /1 not in sync/,
  ],
  [
    "a replica that loads",
    judgeReplicas(fields({ role: "master", connected_slaves: "1", slave0: ONLINE.replace("online", "wait_bgsave") }), null, ALONE),
    "warning",
    /1 not in sync/,
  ],
  [
    "too few replicas",
    judgeReplicas(fields({ role: "master", connected_slaves: "0", min_slaves_good_slaves: "0" }), fields({ "min-replicas-to-write": "1" }), ALONE),
    "problem",
    /refused/,
  ],
  ["no INFO: replicas", judgeReplicas(null, null, ALONE), "unknown", /INFO/],

  ["clocks together", judgeClock({ ahead: -900, tolerance: 5 }), "ok", /900 ms behind/],
  ["a slow answer", judgeClock({ ahead: 1_400, tolerance: 500 }), "ok", /give or take 500/],
  ["clocks apart", judgeClock({ ahead: 1_006, tolerance: 5 }), "warning", /1006 ms ahead/],
  ["clocks hours apart", judgeClock({ ahead: -7_200_000, tolerance: 5 }), "warning", /behind/],
  ["no clock", judgeClock(null), "unknown", /TIME/],

  ["all rights", judgePermissions([]), "ok", /all that is needed/],
  ["a right that lacks", judgePermissions(["ZREM"]), "problem", /ZREM/],
  ["rights not told", judgePermissions(null), "unknown", /could not be run/],

  ["no cluster", judgeCluster(fields({ cluster_enabled: "0" }), null, ALONE), "ok", /none/],
  ["a cluster's node alone", judgeCluster(fields({ cluster_enabled: "1" }), null, ALONE), "problem", /as if it were alone/],
  ["a cluster, not told", judgeCluster(fields({ cluster_enabled: "1" }), null, CLUSTER), "unknown", /CLUSTER INFO/],
  ["a cluster in order", judgeCluster(null, fields({ cluster_state: "ok", cluster_slots_assigned: "16384", cluster_size: "3" }), CLUSTER), "ok", /3 primaries/],
  ["a cluster that failed", judgeCluster(null, fields({ cluster_state: "fail", cluster_slots_assigned: "16384" }), CLUSTER), "problem", /state fail/],
  ["slots without an owner", judgeCluster(null, fields({ cluster_state: "ok", cluster_slots_assigned: "16380" }), CLUSTER), "problem", /4 slots/],
  [
    "slots that fail",
    judgeCluster(null, fields({ cluster_state: "ok", cluster_slots_assigned: "16384", cluster_slots_fail: "2" }), CLUSTER),
    "problem",
    /2 failing/,
  ],
  ["no INFO: cluster", judgeCluster(null, null, ALONE), "unknown", /INFO/],

  ["TLS", judgeEncryption({ encrypted: true, hosts: ["db.example"] }), "ok", /TLS/],
  ["plain on this machine", judgeEncryption({ encrypted: false, hosts: ["127.0.0.1", "::1", "localhost"] }), "ok", /this machine/],
  ["plain elsewhere", judgeEncryption({ encrypted: false, hosts: ["127.0.0.1", "db.example"] }), "warning", /listens/],
  ["plain somewhere", judgeEncryption({ encrypted: false, hosts: [] }), "warning", /listens/],
  ["a name that begins like it", judgeEncryption({ encrypted: false, hosts: ["127.0.0.1.example"] }), "warning", /listens/],
  ["not told", judgeEncryption({ encrypted: null, hosts: [] }), "unknown", /does not show/],
]

describe("how a server's answers are judged", () => {
  it.each(ROWS)("%s", (_what, got, level, found) => {
    expect(got.level).toBe(level)
    expect(got.found).toMatch(found)
    expect(got.remedy === null).toBe(level === "ok")
  })

  it("a server that tells nothing has a finding for each check, and none of them is a problem", () => {
    const nothing = judgeNode({ info: null, config: null, cluster: null, clock: null, denied: null }, { ...ALONE, encrypted: null, hosts: [] })
    expect(new Set(nothing.map(({ check }) => check)).size).toBe(10)
    expect(new Set(nothing.map(({ level }) => level))).toEqual(new Set(["unknown"]))
  })

  it("reads fields as servers write them", () => {
    expect([...parseFields("# Server\r\nredis_version:8.0.2\r\nos:Linux 6: x\r\n\r\nempty:\r\n")]).toEqual([
      ["redis_version", "8.0.2"],
      ["os", "Linux 6: x"],
      ["empty", ""],
    ])
  })
})
