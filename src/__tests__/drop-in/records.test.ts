import { hash, randomUUID } from "node:crypto"
import { describe, expect, it, onTestFinished } from "vitest"
import { type DropInOptions, openRecords } from "../../config/open-records.js"
import type { IRecordStore, Seen } from "../../domain/interfaces/records/IRecordStore.js"
import { cookieRule } from "../../drop-in/merge-rules.js"
import { createFakeClock } from "../../testing/fake-clock.js"
import { sharedServer } from "../support/servers.js"
import { nodeRedis, ownPrefix, STORES } from "./stores.js"

const HOUR = 3_600_000
const rule = cookieRule(() => false)
const code = (name: string): unknown => expect.objectContaining({ code: name })

async function opened(options: DropInOptions): Promise<IRecordStore> {
  const { records } = openRecords(options, true)
  onTestFinished(() => records.close())
  return records.opened()
}

function holder(id: string = randomUUID()): Seen {
  return { id, record: null }
}

const save = (records: IRecordStore, seen: Seen, fields: object, lifetimeMs = HOUR): Promise<void> =>
  records.save(seen, { text: JSON.stringify(fields), lifetimeOf: () => lifetimeMs, rule })
const touch = (records: IRecordStore, id: string, lifetimeMs: number): Promise<void> =>
  records.touch(holder(id), { text: "{}", lifetimeOf: () => lifetimeMs, rule })

describe.each(Object.keys(STORES))("records over %s", (name) => {
  const open = async (): Promise<IRecordStore> => opened(await (STORES[name] as () => Promise<DropInOptions>)())

  it("that were ended are brought back by no touch and by no save, whether it saw them or not", async () => {
    const records = await open()
    const [mine, theirs] = [holder(), holder()]
    await save(records, mine, { n: 1 })
    const late = holder(mine.id)
    expect(await records.read(late)).toEqual({ n: 1 })
    await records.end(mine.id)
    await touch(records, mine.id, HOUR)
    await expect(save(records, mine, { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
    await expect(save(records, late, { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
    await expect(save(records, holder(mine.id), { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
    expect(await records.read(holder(mine.id))).toBeNull()
    await records.end(mine.id)
    await expect(save(records, holder(mine.id), { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
    await save(records, theirs, { n: 1 })
    expect(await records.read(holder(theirs.id))).toEqual({ n: 1 })
  })

  it("are kept by a read that counts as a use, and are not found where they end before it is written down", async () => {
    const records = await open()
    const use = { text: "{}", lifetimeOf: () => HOUR, rule }
    const [used, unused] = [holder(), holder()]
    for (const seen of [used, unused]) await save(records, seen, { n: 1 }, 1_000)
    expect(await records.read(holder(used.id), () => use)).toEqual({ n: 1 })
    await expect.poll(() => records.read(holder(unused.id), () => null), { timeout: 10_000 }).toBeNull()
    // The server knows the script from then on, so that what is asked for first is done first.
    await records.end(unused.id)
    let ending: Promise<void> | undefined
    const endFirst = () => {
      ending = records.end(used.id)
      return use
    }
    expect(await records.read(holder(used.id), endFirst)).toBeNull()
    await ending
  })

  it("that ran out are brought back by no touch and by no save of who saw them", async () => {
    const records = await open()
    const seen = holder()
    await save(records, seen, { n: 1 }, 30)
    await expect.poll(() => records.read(holder(seen.id)), { timeout: 5_000, interval: 5 }).toBeNull()
    await touch(records, seen.id, HOUR)
    await save(records, seen, { n: 1 })
    await expect(save(records, seen, { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
    expect(await records.read(holder(seen.id))).toBeNull()
  })

  it("end with a lifetime of nothing, by a save as by a touch", async () => {
    const records = await open()
    const [saved, touched] = [holder(), holder()]
    await save(records, saved, { n: 1 })
    await save(records, touched, { n: 1 })
    await save(records, saved, { n: 1, cookie: { expires: new Date(0) } }, 0)
    await touch(records, touched.id, -5)
    for (const { id } of [saved, touched]) {
      expect(await records.read(holder(id))).toBeNull()
      await expect(save(records, holder(id), { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
    }
  })

  it("are made no shorter by a touch, and longer by one", async () => {
    const records = await open()
    const seen = holder()
    await save(records, seen, { n: 1 })
    await touch(records, seen.id, 1)
    const other = holder()
    await save(records, other, { n: 2 }, 300)
    await touch(records, other.id, HOUR)
    const brief = holder()
    await save(records, brief, { n: 3 }, 300)
    await expect.poll(() => records.read(holder(brief.id)), { timeout: 5_000, interval: 20 }).toBeNull()
    expect(await records.read(holder(seen.id))).toEqual({ n: 1 })
    expect(await records.read(holder(other.id))).toEqual({ n: 2 })
  })

  it("are made no shorter by a save that only uses them, and shorter by one that sets their end", async () => {
    const records = await open()
    const [used, ended] = [holder(), holder()]
    for (const seen of [used, ended]) {
      await save(records, seen, { n: 1, cookie: { path: "/" } }, HOUR)
      await records.read(seen)
    }
    await save(records, used, { n: 2, cookie: { path: "/" } }, 1)
    await save(records, ended, { n: 2, cookie: { path: "/", originalMaxAge: 1 } }, 1)
    await expect.poll(() => records.read(holder(ended.id)), { timeout: 5_000, interval: 5 }).toBeNull()
    expect(await records.read(holder(used.id))).toMatchObject({ n: 2 })
    const brief = holder()
    await save(records, brief, { n: 1, cookie: { path: "/" } }, 300)
    await save(records, brief, { n: 2, cookie: { path: "/" } }, HOUR)
    const lapsed = holder()
    await save(records, lapsed, { n: 1 }, 300)
    await expect.poll(() => records.read(holder(lapsed.id)), { timeout: 5_000, interval: 20 }).toBeNull()
    expect(await records.read(holder(brief.id))).toMatchObject({ n: 2 })
  })

  it("lose none of many saves at a time, in one process and between two", async () => {
    const options = await (STORES[name] as () => Promise<DropInOptions>)()
    const one = await opened({ ...options, timeout: "10s" })
    const two = name === "memory" ? one : await opened({ ...options, timeout: "10s" })
    const first = holder()
    await save(one, first, {})
    const writers = await Promise.all(
      Array.from({ length: 20 }, async (_none, at) => {
        const records = at % 2 === 0 ? one : two
        const seen = holder(first.id)
        await records.read(seen)
        return { records, seen, at }
      }),
    )
    await Promise.all(writers.map(({ records, seen, at }) => save(records, seen, { [`f${at}`]: at })))
    expect(await one.read(holder(first.id))).toEqual(Object.fromEntries(writers.map(({ at }) => [`f${at}`, at])))
  })

  it("hold any text, and no prototype of whoever copies them", async () => {
    const records = await open()
    const seen = holder(`é\u0000 {"}*?:${randomUUID()}`)
    const fields = { "ü\u0000": '"}]\\ \u{1f600}', nested: { a: [null, 1.5] } }
    await save(records, seen, fields)
    expect(await records.read(holder(seen.id))).toEqual(fields)
    await records.save(seen, { text: '{"__proto__":{"isAdmin":true},"n":1}', lifetimeOf: () => HOUR, rule })
    const read = await records.read(holder(seen.id))
    expect(Object.keys(read ?? {})).toEqual(["n"])
  })

  it("refuse what is too large and what is no id, before anything is sent", async () => {
    const records = await open()
    await expect(save(records, holder(), { text: "x".repeat(1_048_576) })).rejects.toEqual(code("ERR_SESSION_TOO_LARGE"))
    for (const id of ["", "x".repeat(4_097), 7 as never]) {
      await expect(save(records, holder(id), {})).rejects.toEqual(code("ERR_INVALID_ARGUMENT"))
      expect(await records.read(holder(id))).toBeNull()
      await touch(records, id, HOUR)
      await records.end(id)
    }
    await records.ping()
    await records.close()
    await expect(records.ping()).rejects.toEqual(code("ERR_CLOSED"))
  })
})

it("the memory of ends is bounded: a mark goes after rememberEnded", async () => {
  const clock = createFakeClock()
  const records = await opened({ store: "memory:", rememberEnded: "1h", clock })
  const seen = holder()
  await save(records, seen, { n: 1 })
  await records.end(seen.id)
  clock.advance("59m")
  await expect(save(records, holder(seen.id), { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
  clock.advance("2m")
  // Whoever saw the session is refused for ever.
  await expect(save(records, seen, { n: 2 })).rejects.toEqual(code("ERR_SESSION_ENDED"))
  await save(records, holder(seen.id), { n: 2 })
})

describe("on Redis", () => {
  async function withClient() {
    const client = await nodeRedis("redis")
    const keyPrefix = ownPrefix()
    const records = await opened({ store: client, keyPrefix })
    return { client, records, keyOf: (id: string) => `${keyPrefix}record:${hash("sha256", id, "base64url")}` }
  }

  it("a record lies under a hash of its id, in a form that anybody can read, and with an end", async () => {
    const { client, records, keyOf } = await withClient()
    const seen = holder()
    await save(records, seen, { n: 1 })
    const key = keyOf(seen.id)
    expect(JSON.parse((await client.get(key)) ?? "")).toEqual({ record: [1, 1, expect.any(String)], name: key.slice(-43), data: { n: 1 } })
    expect(await client.pTTL(key)).toBeGreaterThan(HOUR - 10_000)
    await touch(records, seen.id, 2 * HOUR)
    expect(await client.pTTL(key)).toBeGreaterThan(2 * HOUR - 10_000)
    await records.end(seen.id)
    expect(await client.get(key)).toBe('{"ended":1}')
    const ttl = await client.pTTL(key)
    expect(ttl).toBeGreaterThan(23 * HOUR)
    expect(ttl).toBeLessThanOrEqual(24 * HOUR)
  })

  it("a save that only uses a record keeps it for at least as long as it was kept", async () => {
    const { client, records, keyOf } = await withClient()
    const seen = holder()
    await save(records, seen, { n: 1 }, 2 * HOUR)
    await save(records, seen, { n: 2 }, HOUR)
    expect(await client.pTTL(keyOf(seen.id))).toBeGreaterThan(2 * HOUR - 10_000)
    await save(records, seen, { n: 3 }, 3 * HOUR)
    expect(await client.pTTL(keyOf(seen.id))).toBeGreaterThan(3 * HOUR - 10_000)
  })

  it("a touch leaves a mark as short as it is", async () => {
    const { client, records, keyOf } = await withClient()
    const seen = holder()
    await save(records, seen, { n: 1 })
    await records.end(seen.id)
    await touch(records, seen.id, 240 * HOUR)
    expect(await client.pTTL(keyOf(seen.id))).toBeLessThanOrEqual(24 * HOUR)
  })

  it("an id that nobody opened leaves no mark", async () => {
    const { client, records, keyOf } = await withClient()
    const { id } = holder()
    await records.end(id)
    expect(await client.exists(keyOf(id))).toBe(0)
  })

  it("the record of another session is not given out, and one that cannot be read can be ended", async () => {
    const { client, records, keyOf } = await withClient()
    const [mine, theirs] = [holder(), holder()]
    await save(records, mine, { user: "ada" })
    for (const text of [(await client.get(keyOf(mine.id))) ?? "", "{}", "", '{"ended":1} ']) {
      await client.set(keyOf(theirs.id), text)
      await expect(records.read(holder(theirs.id))).rejects.toEqual(code("ERR_SESSION_CORRUPT"))
    }
    await expect(save(records, holder(theirs.id), {})).rejects.toEqual(code("ERR_SESSION_CORRUPT"))
    await records.end(theirs.id)
    expect(await records.read(holder(theirs.id))).toBeNull()
  })

  it("people can sign out and stay on a full server, and the next save is refused", async () => {
    const { startServer } = await import("../support/servers.js")
    await using server = await startServer({ kind: "redis" })
    const client = await nodeRedis("redis", server.url)
    const records = await opened({ store: client })
    const [stays, leaves] = [holder(), holder()]
    await save(records, stays, { n: 1 })
    await save(records, leaves, { n: 1 })
    await client.configSet("maxmemory", "1")
    await expect(save(records, stays, { n: 2 })).rejects.toEqual(code("ERR_STORE_REFUSED"))
    await touch(records, stays.id, HOUR)
    await records.end(leaves.id)
    expect(await records.read(holder(stays.id))).toEqual({ n: 1 })
    expect(await records.read(holder(leaves.id))).toBeNull()
  })
})

it.each<[string, object]>([
  ["an unknown option", { store: "memory:", prefix: "sess:" }],
  ["no store", {}],
  ["a store of another kind", { store: "mysql://localhost" }],
  ["a client that is none", { store: {} }],
  ["a duration without a unit", { store: "memory:", idleTimeout: "10" }],
  ["too short a memory", { store: "memory:", rememberEnded: "1s" }],
  ["a field that is no text", { store: "memory:", lastWins: [1] }],
  ["a prefix with braces", { store: "memory:", keyPrefix: "{a}" }],
  ["a clock with Redis", { store: sharedServerUrl(), clock: Date }],
])("refuses %s before anything is opened", (_what, options) => {
  expect(() => openRecords(options as DropInOptions, true)).toThrow(code("ERR_CONFIG_INVALID") as Error)
})

function sharedServerUrl(): string {
  return sharedServer("redis").url
}
