import type { Target } from "../spread.js"

/** One figure that is wanted, and the group that measures it. */
export interface WantedFigure extends Target {
  readonly work: string
  readonly figure: string
  readonly group: string
}

/** With as many digits as counts are told with. */
const ONE_IN_60 = Number((1 / 60).toPrecision(3))
const RATE = "rate, of the baseline's"
const P50 = "p50, of the baseline's"
const CPU = "CPU of the process, of the baseline's"
const REDIS_CPU = "CPU of Redis, of the baseline's"
const READ = "authenticated read, touched each minute, of raw GET"
const TOUCH = "read and touch, of raw GET"
const CREATE = "create, of raw SET"
const UPDATE = "update of one attribute, of raw GET, then SET"

/** All that is wanted, in the order in which it is told. A figure that is left out by a run stays "not measured". */
export const TARGETS = {
  "read-64 node-redis": atLeast(2, "sessions", `${READ}, 64 in flight, node-redis`, RATE),
  "read-64 ioredis": atLeast(1.4, "sessions", `${READ}, 64 in flight, ioredis`, RATE),
  "read-512 node-redis": atLeast(2.5, "sessions", `${READ}, 512 in flight, node-redis`, RATE),
  "read-512 ioredis": atLeast(1.8, "sessions", `${READ}, 512 in flight, ioredis`, RATE),
  "read-cpu node-redis": atMost(0.45, "sessions", `${READ}, 64 in flight, node-redis`, CPU),
  "read-cpu ioredis": atMost(0.65, "sessions", `${READ}, 64 in flight, ioredis`, CPU),
  "read-1 node-redis": atMost(1.1, "sessions", `${READ}, 1 in flight, node-redis`, P50),
  "read-1 ioredis": atMost(1.1, "sessions", `${READ}, 1 in flight, ioredis`, P50),
  "read-commands node-redis": atMost(1, "sessions", "authenticated read, 1 in flight, node-redis", "commands that read"),
  "read-commands ioredis": atMost(1, "sessions", "authenticated read, 1 in flight, ioredis", "commands that read"),
  "read-trips node-redis": atMost(1, "sessions", "authenticated read, no touch due, 1 in flight, node-redis", "round trips"),
  "read-trips ioredis": atMost(1, "sessions", "authenticated read, no touch due, 1 in flight, ioredis", "round trips"),
  "read-writes node-redis": atMost(ONE_IN_60, "sessions", "authenticated read, one a second, node-redis", "writes a read"),
  "read-writes ioredis": atMost(ONE_IN_60, "sessions", "authenticated read, one a second, ioredis", "writes a read"),
  "read-redis-cpu node-redis": atMost(1, "sessions", `${READ}, 64 in flight, node-redis`, REDIS_CPU),
  "read-redis-cpu ioredis": atMost(1, "sessions", `${READ}, 64 in flight, ioredis`, REDIS_CPU),
  "touch-64 node-redis": atLeast(0.6, "sessions", `${TOUCH}, 64 in flight, node-redis`, RATE),
  "touch-64 ioredis": atLeast(0.8, "sessions", `${TOUCH}, 64 in flight, ioredis`, RATE),
  "create-64 node-redis": atLeast(0.6, "sessions", `${CREATE}, 64 in flight, node-redis`, RATE),
  "create-64 ioredis": atLeast(0.45, "sessions", `${CREATE}, 64 in flight, ioredis`, RATE),
  "create-trips node-redis": atMost(1, "sessions", "create, 1 in flight, node-redis", "round trips"),
  "create-trips ioredis": atMost(1, "sessions", "create, 1 in flight, ioredis", "round trips"),
  "update-64 node-redis": atLeast(1, "sessions", `${UPDATE}, 64 in flight, node-redis`, RATE),
  "update-64 ioredis": atLeast(1, "sessions", `${UPDATE}, 64 in flight, ioredis`, RATE),
  "update-1 node-redis": atLeast(0.8, "sessions", `${UPDATE}, 1 in flight, node-redis`, RATE),
  "update-1 ioredis": atLeast(0.8, "sessions", `${UPDATE}, 1 in flight, ioredis`, RATE),
  "near-cache node-redis": atLeast(15, "near-cache", "near-cache hit, of raw GET, 64 in flight, node-redis", RATE),
  "near-cache ioredis": atLeast(15, "near-cache", "near-cache hit, of raw GET, 64 in flight, ioredis", RATE),
  "stale node-redis": atMost(1_000, "near-cache", "near-cache, served after a revocation, node-redis", "longest, ms"),
  "stale ioredis": atMost(1_000, "near-cache", "near-cache, served after a revocation, ioredis", "longest, ms"),
  "memory redis": atMost(2.05, "memory", "a session with its place in the user's list, two a user, Redis", "bytes, of 450 of JSON"),
  "memory valkey": atMost(1.9, "memory", "a session with its place in the user's list, two a user, Valkey", "bytes, of 450 of JSON"),
  "page-ms": atMost(3, "store-size", "page of 50 of a user's sessions, 1 000 000 stored", "ms"),
  "page-growth": atMost(1.3, "store-size", "page of 50 of a user's sessions, 1 000 000 stored, of 10 000 stored", "p50, of the baseline's"),
  "giant-longest": atMost(2, "giant", "all 100 000 sessions of one user ended, some seconds old", "longest command, ms"),
  "giant-job": atMost(300, "giant", "all 100 000 sessions of one user ended, some seconds old", "whole job, ms"),
  "giant-young-longest": atMost(2, "giant", "all 100 000 sessions of one user ended, just opened", "longest command, ms"),
  "giant-young-job": atMost(300, "giant", "all 100 000 sessions of one user ended, just opened", "whole job, ms"),
  "http-express-cpu": atMost(40, "http", "Express with coatcheck", "CPU added a request, µs"),
  "http-express": atLeast(0.75, "http", "Express with coatcheck, of bare Express", RATE),
  "http-express-near": atLeast(0.85, "http", "Express with coatcheck and its near-cache, of bare Express", RATE),
  "http-fastify-cpu": atMost(12, "http", "Fastify with coatcheck", "CPU added a request, µs"),
  "http-fastify": atLeast(0.7, "http", "Fastify with coatcheck, of bare Fastify", RATE),
  "http-fastify-near": atLeast(0.9, "http", "Fastify with coatcheck and its near-cache, of Fastify with a cookie read and one hash made", RATE),
  ...limitsOn("node-redis", { "fixed-window": 0.85, gcra: 0.75, "sliding-log": 0.6 }),
  ...limitsOn("ioredis", { "fixed-window": 1, gcra: 0.95, "sliding-log": 0.8 }),
  "memory-read": atLeast(500_000, "sessions", "read of a session in memory, 64 in flight", "a second"),
} as const satisfies Readonly<Record<string, WantedFigure>>

export type TargetId = keyof typeof TARGETS
export type ClientName = "node-redis" | "ioredis"
type KeysName = "one key" | "10 000 keys"
type LimitId<C extends ClientName> = `limit ${"fixed-window" | "gcra" | "sliding-log" | "known"} ${C} ${KeysName}`

/** A log admits too few in its window to be measured with one key. */
function limitsOn<C extends ClientName>(client: C, shares: Readonly<Record<"fixed-window" | "gcra" | "sliding-log", number>>) {
  const rows = Object.entries({ ...shares, known: 5 }).flatMap(([algorithm, value]) =>
    (["one key", "10 000 keys"] as const).map((keys) => {
      const work = algorithm === "known" ? "a key that is known to be blocked" : `decision, ${algorithm}`
      return [`limit ${algorithm} ${client} ${keys}`, atLeast(value, "limits", `${work}, of raw INCR, 64 in flight, ${client}, ${keys}`, RATE)] as const
    }),
  )
  return Object.fromEntries(rows.filter(([id]) => id !== `limit sliding-log ${client} one key`)) as Record<
    Exclude<LimitId<C>, `limit sliding-log ${C} one key`>,
    WantedFigure
  >
}

/** What is wanted of one kind of decision for so many keys, if anything. */
export function limitTarget(algorithm: string, client: ClientName, keys: number): TargetId | undefined {
  const id = `limit ${algorithm} ${client} ${keys === 1 ? "one key" : "10 000 keys"}`
  return Object.hasOwn(TARGETS, id) ? (id as TargetId) : undefined
}

function atLeast(value: number, group: string, work: string, figure: string): WantedFigure {
  return { kind: "at least", value, group, work, figure }
}

function atMost(value: number, group: string, work: string, figure: string): WantedFigure {
  return { kind: "at most", value, group, work, figure }
}
