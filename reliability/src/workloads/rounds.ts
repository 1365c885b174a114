import type { HistoryLine } from "../histories/history-line.js"
import type { WorkerPool } from "./WorkerPool.js"

export const WORKLOAD_NAMES = ["W1", "W2", "W2 in short", "W3", "W4"] as const
export type WorkloadName = (typeof WORKLOAD_NAMES)[number]

/** One workload: what part of all calls it gets, and how one round of it goes. */
export interface Workload {
  readonly name: WorkloadName
  /** Of all operations, in hundredths. */
  readonly share: number
  /** Sessions a user, where the workload has a limit. */
  readonly limit: number | undefined
  /** @param left operations that the workload may still make; only W4 makes all of them in one round */
  round(pool: WorkerPool, seed: number, left: number): Promise<readonly HistoryLine[]>
}

const LIMIT = 5
/** So few calls that a user has no more than eight sessions, mostly: then all of them can be searched together. */
const CALLS_IN_SHORT = 16
const LIMIT_IN_SHORT = 3
const WRITERS = 8
const CALLS_OF_ONE_SESSION = 200
const LOGINS = 200
const MOST_SESSIONS_OF_MIX = 50_000
const WIDTH_OF_MIX = 16

export const WORKLOADS: readonly Workload[] = [
  { name: "W1", share: 15, limit: undefined, round: writeOneSession },
  { name: "W2", share: 15, limit: LIMIT, round: liveAsOneUser },
  { name: "W2 in short", share: 5, limit: LIMIT_IN_SHORT, round: liveShortly },
  { name: "W3", share: 10, limit: LIMIT, round: storm },
  { name: "W4", share: 55, limit: undefined, round: mix },
]

async function writeOneSession(pool: WorkerPool, seed: number): Promise<readonly HistoryLine[]> {
  const user = `writers-${seed}`
  const opened = await pool.work((process) => ({ kind: "sign-in", users: process === 0 ? [user] : [], width: 1, limit: undefined }))
  const [token] = opened.tokens
  if (token === undefined) return opened.lines
  const writers = WRITERS / pool.size
  const { lines } = await pool.work(() => ({ kind: "write-one-session", seed, token, writers, calls: CALLS_OF_ONE_SESSION / WRITERS }))
  return [...opened.lines, ...lines]
}

async function liveAsOneUser(pool: WorkerPool, seed: number): Promise<readonly HistoryLine[]> {
  const job = { kind: "one-user", seed, user: `user-${seed}`, clients: 2, calls: CALLS_OF_ONE_SESSION / pool.size / 2, limit: LIMIT } as const
  return (await pool.work(() => job)).lines
}

async function liveShortly(pool: WorkerPool, seed: number): Promise<readonly HistoryLine[]> {
  const calls = CALLS_IN_SHORT / pool.size
  return (await pool.work(() => ({ kind: "one-user", seed, user: `short-${seed}`, clients: 1, calls, limit: LIMIT_IN_SHORT }))).lines
}

async function storm(pool: WorkerPool, seed: number): Promise<readonly HistoryLine[]> {
  const user = `storm-${seed}`
  const width = LOGINS / pool.size
  const opened = await pool.work(() => ({ kind: "sign-in", users: Array<string>(width).fill(user), width, limit: LIMIT }))
  const { lines } = await pool.work((process) => ({ kind: "look", users: [user], tokens: part(opened.tokens, process, pool.size) }))
  return [...opened.lines, ...lines]
}

async function mix(pool: WorkerPool, seed: number, left: number): Promise<readonly HistoryLine[]> {
  const sessions = Math.max(1, Math.min(MOST_SESSIONS_OF_MIX, Math.floor(left / 4)))
  const users = Array.from({ length: sessions }, (_, i) => `mix-${seed}-${i}`)
  const opened = await pool.work((process) => ({ kind: "sign-in", users: part(users, process, pool.size), width: WIDTH_OF_MIX, limit: undefined }))
  const calls = Math.ceil((left - opened.lines.length) / pool.size)
  const { lines } = await pool.work(() => ({ kind: "mix", seed, tokens: opened.tokens, width: WIDTH_OF_MIX, calls }))
  return [...opened.lines, ...lines]
}

function part<T>(all: readonly T[], process: number, size: number): readonly T[] {
  return all.filter((_, i) => i % size === process)
}
