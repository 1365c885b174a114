import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import type { GroupSettings } from "../group.js"
import { markdownTable } from "../markdown.js"
import { settledMemory } from "../server/settled-memory.js"
import { exactly, type Target, verdictOf } from "../spread.js"
import type { CrowdSettings } from "./crowd.js"
import { PAYLOAD_BYTES } from "./payload.js"
import { openNodeRedis } from "./raw-clients.js"
import { fillKeys, fillSessions, fillStore, serviceOn } from "./stored.js"

type NodeRedis = Awaited<ReturnType<typeof openNodeRedis>>

/** What one session takes in the server's memory. */
export interface MemoryRow {
  readonly server: string
  readonly form: string
  /** Bytes a session, all in all. */
  readonly bytes: number
  /** Of them, what the lists of users take. */
  readonly lists: number | null
  readonly target: Target | null
}

const TARGETS = { redis: { kind: "at most", value: 2.05 }, valkey: { kind: "at most", value: 1.9 } } as const
const OURS = "coatcheck, stored with two sessions a user"

const FORMS: Readonly<Record<string, (raw: NodeRedis, count: number, settings: CrowdSettings) => Promise<unknown>>> = {
  [OURS]: async (raw, count, settings) => {
    const sessions = await serviceOn(raw.client)
    try {
      await fillSessions(sessions, count, settings)
    } finally {
      await sessions.close()
    }
  },
  "connect-redis, stored without a list": (raw, count, settings) => fillStore(new RedisStore({ client: raw.client }), count, settings),
  "JSON alone, stored by SET": fillKeys,
}

/** Fills servers with sessions in each form, and asks what they take. */
export async function measureMemory(count: number, { only, signal, onProgress }: GroupSettings): Promise<readonly MemoryRow[]> {
  const forms = Object.entries(FORMS).filter(([form]) => form.includes(only))
  const rows: MemoryRow[] = []
  for (const kind of forms.length === 0 ? [] : (["redis", "valkey"] as const))
    for (const [form, fill] of forms) {
      await using server = await StoreServer.start(kind)
      const raw = await openNodeRedis(server.url)
      const look = () => settledMemory(() => raw.client.info("memory"))
      const told = `memory, ${kind}, ${form}`
      try {
        onProgress(told)
        const before = await look()
        await fill(raw, count, { signal, onProgress: (done) => onProgress(`${told}: ${done} of ${count}`) })
        const full = await look()
        const lists = form === OURS ? (full - (await withoutLists(raw, look))) / count : null
        rows.push({ server: `${kind} ${server.version}`, form, bytes: (full - before) / count, lists, target: form === OURS ? TARGETS[kind] : null })
      } finally {
        raw.close()
      }
    }
  return rows
}

/** @returns what is used when no user has a list any more */
async function withoutLists(raw: NodeRedis, look: () => Promise<number>): Promise<number> {
  for await (const keys of raw.client.scanIterator({ MATCH: "user_sessions:*", COUNT: 1_000 })) await Promise.all(keys.map((key) => raw.del(key)))
  return look()
}

export function memoryTable(rows: readonly MemoryRow[]): string {
  const lines = rows.map(({ server, form, bytes, lists, target }) => {
    const ratio = bytes / PAYLOAD_BYTES
    return [
      server,
      form,
      bytes.toFixed(0),
      lists === null ? "–" : `${lists.toFixed(0)} (${Math.round((100 * lists) / bytes)} %)`,
      ratio.toFixed(2),
      target === null ? "–" : verdictOf(exactly(ratio), target),
    ]
  })
  return markdownTable(["server", "form", "bytes a session", "of them lists of users", `of ${PAYLOAD_BYTES} bytes of JSON`, "wanted"], lines)
}
