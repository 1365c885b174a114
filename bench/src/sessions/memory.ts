import { StoreServer } from "coatcheck-reliability/servers"
import { RedisStore } from "connect-redis"
import { ratioChart } from "../charts/ratio-chart.js"
import type { GroupSettings, Measured } from "../group.js"
import { markdownTable } from "../markdown.js"
import { settledMemory } from "../server/settled-memory.js"
import { exactly } from "../spread.js"
import { TARGETS, type TargetId } from "../targets/targets.js"
import type { CrowdSettings } from "./crowd.js"
import { type NodeRedis, openNodeRedis } from "./node-redis.js"
import { PAYLOAD_BYTES, PER_USER } from "./payload.js"
import { fillRedisSessions } from "./redis-sessions.js"
import { fillKeys, fillSessions, fillStore, serviceOn } from "./stored.js"

/** What one session takes in the server's memory. */
export interface MemoryRow {
  readonly server: string
  readonly form: string
  /** Bytes a session, all in all. */
  readonly bytes: number
  /** Of them, what the lists of users take. */
  readonly lists: number | null
  readonly target: TargetId | null
}

/** Fills a server with so many sessions. */
type Fill = (raw: NodeRedis, count: number, settings: CrowdSettings, url: string) => Promise<unknown>

/** What the targets are about: as many a user as all groups store. */
const JUDGED = "coatcheck, stored with two sessions a user"

/** A list takes its share of memory, whose key and table the sessions of a user have in common: the fewer there are, the more falls to each. */
const OURS: Readonly<Record<string, Fill>> = {
  "coatcheck, stored with one session a user": fillOurs(1),
  [JUDGED]: fillOurs(PER_USER),
  "coatcheck, stored with five sessions a user": fillOurs(5),
}

const FORMS: Readonly<Record<string, Fill>> = {
  ...OURS,
  "connect-redis, stored without a list": (raw, count, settings) => fillStore(new RedisStore({ client: raw.client }), count, settings),
  "redis-sessions, stored with two sessions a user": (_raw, count, settings, url) => fillRedisSessions(url, count, settings),
  "JSON alone, stored by SET": fillKeys,
}

const STORED = { quick: 5_000, full: 100_000 }

function fillOurs(perUser: number): Fill {
  return async (raw, count, settings) => {
    const sessions = await serviceOn(raw.client)
    try {
      await fillSessions(sessions, count, { ...settings, perUser })
    } finally {
      await sessions.close()
    }
  }
}

/** Measures what stored sessions take. */
export async function runMemory(settings: GroupSettings): Promise<Measured> {
  const count = settings.quick ? STORED.quick : STORED.full
  const rows = await measureMemory(count, settings)
  if (rows.length > 0) settings.onText(memoryTable(rows))
  const findings = rows.flatMap(({ target, bytes }) => (target === null ? [] : [{ target, measured: exactly(bytes / PAYLOAD_BYTES) }]))
  return { figures: { sessions: count, rows }, findings, charts: rows.length === 0 ? [] : [memoryChart(rows)] }
}

/** Fills servers with sessions in each form, and asks what they take. */
async function measureMemory(count: number, { only, signal, onProgress }: GroupSettings): Promise<readonly MemoryRow[]> {
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
        await fill(raw, count, { signal, onProgress: (done) => onProgress(`${told}: ${done} of ${count}`) }, server.url)
        const full = await look()
        const lists = isOurs(form) ? (full - (await withoutLists(raw, look))) / count : null
        rows.push({ server: `${kind} ${server.version}`, form, bytes: (full - before) / count, lists, target: form === JUDGED ? `memory ${kind}` : null })
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

function isOurs(form: string): boolean {
  return Object.hasOwn(OURS, form)
}

function memoryTable(rows: readonly MemoryRow[]): string {
  const lines = rows.map(({ server, form, bytes, lists }) => [
    server,
    form,
    bytes.toFixed(0),
    lists === null ? "–" : `${lists.toFixed(0)} (${Math.round((100 * lists) / bytes)} %)`,
    (bytes / PAYLOAD_BYTES).toFixed(2),
  ])
  return markdownTable(["server", "form", "bytes a session", "of them lists of users", `of ${PAYLOAD_BYTES} bytes of JSON`], lines)
}

function memoryChart(rows: readonly MemoryRow[]) {
  const title = `What a session of ${PAYLOAD_BYTES} bytes of JSON takes in the server's memory`
  const groups = [...new Set(rows.map(({ server }) => server))].map((server) => ({
    title: server,
    bars: rows
      .filter((row) => row.server === server)
      .map(({ form, bytes, target }) => ({
        name: form,
        ratio: exactly(bytes / PAYLOAD_BYTES),
        isOurs: isOurs(form),
        target: target === null ? undefined : TARGETS[target],
      })),
  }))
  return { name: "memory", title, svg: ratioChart({ title, subtitle: "As a multiple of its JSON; less is better", groups }) }
}
