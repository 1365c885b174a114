import { crc32 } from "node:zlib"
import { connectPlain, type PlainClient } from "../servers/plain-client.js"

/** What lay in the store when a round had ended. */
export interface AuditReport {
  readonly sessions: number
  readonly lists: number
  readonly withoutTtl: number
  /** Sessions of a user that their list does not name with their own creation time. */
  readonly unlisted: number
  readonly corrupt: number
  /** Keys that are neither a session nor a list. */
  readonly stray: number
  /** Members of lists whose session is gone and that were not forgotten yet; normal for some seconds. */
  readonly remembered: number
  /** Live sessions of one user beyond the limit, where there was one. */
  readonly beyondLimit: number
}

const SESSION = /^session:\{([A-Za-z0-9_-]{3})\}\.([A-Za-z0-9_-]{22})$/
const LIST = /^user_sessions:\{([A-Za-z0-9_-]{3})\}:[A-Za-z0-9_-]{22}$/
/** The head, what a rotation adds, what never changes, and the body. */
const RECORD = /^[\s\S]{171}("previous":"[^"]{22}","until":[ \d]{13},)?(?<fixed>[\s\S]*?)"body":\["(?<checksum>[0-9a-f]{8})"(?<rest>,\d{1,5},\{[\s\S]*\}\]\})$/
const PAGE = 500

type Counts = { -readonly [K in keyof AuditReport]: number }

/** Walks over every key of a server that nothing else uses. @param limit sessions a user, where there was one */
export async function auditStore(url: string, limit: number | undefined): Promise<AuditReport> {
  const counts: Counts = { sessions: 0, lists: 0, withoutTtl: 0, unlisted: 0, corrupt: 0, stray: 0, remembered: 0, beyondLimit: 0 }
  const client = await connectPlain(url)
  try {
    const scores = new Map<string, number>()
    const sessions: string[] = []
    for await (const keys of client.scanIterator({ COUNT: PAGE })) {
      for (const key of new Set(keys)) {
        if (SESSION.test(key)) sessions.push(key)
        else if (!LIST.test(key)) counts.stray += 1
        else await readList(client, key, scores, counts)
      }
    }
    const owned = new Map<string, number>()
    const unique = [...new Set(sessions)]
    for (let i = 0; i < unique.length; i += PAGE) await readSessions(client, unique.slice(i, i + PAGE), { scores, owned, counts })
    counts.remembered = [...scores.keys()].length
    if (limit !== undefined) for (const alive of owned.values()) counts.beyondLimit += Math.max(0, alive - limit)
    return counts
  } finally {
    client.destroy()
  }
}

async function readList(client: PlainClient, key: string, scores: Map<string, number>, counts: Counts): Promise<void> {
  counts.lists += 1
  const [ttl, members] = await Promise.all([client.pTTL(key), client.zRangeWithScores(key, 0, -1)])
  if (ttl === -1) counts.withoutTtl += 1
  const tag = LIST.exec(key)?.[1] ?? ""
  for (const { value, score } of members) scores.set(`session:{${tag}}.${value}`, score)
}

interface Walk {
  readonly scores: Map<string, number>
  readonly owned: Map<string, number>
  readonly counts: Counts
}

async function readSessions(client: PlainClient, keys: readonly string[], { scores, owned, counts }: Walk): Promise<void> {
  const [texts, ttls] = await Promise.all([Promise.all(keys.map((key) => client.get(key))), Promise.all(keys.map((key) => client.pTTL(key)))])
  for (const [i, key] of keys.entries()) {
    const text = texts[i]
    // It may have been pruned or have expired since the walk passed by.
    if (text === null || text === undefined) continue
    counts.sessions += 1
    if (ttls[i] === -1) counts.withoutTtl += 1
    const record = readRecord(text)
    if (record === undefined) {
      counts.corrupt += 1
      continue
    }
    if (record.user === undefined) continue
    owned.set(record.user, (owned.get(record.user) ?? 0) + 1)
    if (scores.get(key) !== record.createdMicros) counts.unlisted += 1
    scores.delete(key)
  }
}

/** Reads what docs/keys.md promises of a record, on its own, so that a mistake of the library is not repeated here. */
function readRecord(text: string): { readonly user: string | undefined; readonly createdMicros: number } | undefined {
  const parts = RECORD.exec(text)?.groups
  if (parts === undefined || crc32(parts["rest"] ?? "", crc32(parts["fixed"] ?? "")) !== Number.parseInt(parts["checksum"] ?? "", 16)) return undefined
  try {
    const { lastAccessedAt, head, userId, body } = JSON.parse(text) as Record<string, unknown>
    if (!Number.isSafeInteger(lastAccessedAt) || !Array.isArray(head) || head.length !== 9 || !Array.isArray(body) || typeof body[2] !== "object")
      return undefined
    if (!head.slice(0, 6).every((part) => Number.isSafeInteger(part) && part > 0) || head[2] !== 1) return undefined
    return { user: typeof userId === "string" ? userId : undefined, createdMicros: head[5] as number }
  } catch {
    return undefined
  }
}

/** Removes every key of a server that nothing else uses. */
export async function emptyStore(url: string): Promise<void> {
  const client = await connectPlain(url)
  try {
    await client.flushAll()
  } finally {
    client.destroy()
  }
}
