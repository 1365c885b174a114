import { randomUUID } from "node:crypto"
import type { SessionData } from "express-session"
import { afterAll, describe, expect, it, onTestFinished } from "vitest"
import type { DropInOptions } from "../../config/open-records.js"
import { CoatcheckStore, type CoatcheckStoreOptions } from "../../drop-in/express-session.js"
import { CoatcheckStore as FastifyStore } from "../../drop-in/fastify-session.js"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"
import { cookieRule } from "../../drop-in/merge-rules.js"
import { MemoryRecords } from "../../infrastructure/services/records/MemoryRecords.js"
import { RecordFront } from "../../infrastructure/services/records/RecordFront.js"
import type { WalkedPage } from "../../infrastructure/services/records/record-steps.js"
import { startCluster } from "../support/servers.js"
import { nodeRedis, ownPrefix, STORES } from "./stores.js"

const DAY = 86_400_000
const ended = expect.objectContaining({ code: "ERR_SESSION_ENDED" })

/** The calls of express-session's store as promises. */
function promised(options: CoatcheckStoreOptions) {
  const store = new CoatcheckStore(options)
  onTestFinished(() => store.close())
  const call = <T>(work: (callback: (error: unknown, value?: T) => void) => void): Promise<T | undefined> =>
    new Promise((resolve, reject) => work((error, value) => (error ? reject(error as Error) : resolve(value))))
  return {
    get: (id: string) => call<SessionData | null>((done) => store.get(id, done)),
    set: (id: string, fields: object) => call<void>((done) => store.set(id, { cookie: {}, ...fields } as never, done)),
    destroy: (id: string) => call<void>((done) => store.destroy(id, done)),
    all: () => call<readonly SessionData[] | null>((done) => store.all(done)),
    length: () => call<number>((done) => store.length(done)),
    clear: () => call<void>((done) => store.clear(done)),
  }
}

const ids = (count: number): readonly string[] => Array.from({ length: count }, () => randomUUID())

let starting: ReturnType<typeof startCluster> | undefined
afterAll(async () => (await starting)?.stop())
const onCluster = async (): Promise<DropInOptions> => {
  starting ??= startCluster("redis")
  const { ports } = await starting
  return { store: `redis+cluster://${ports.map((port) => `127.0.0.1:${port}`).join(",")}`, keyPrefix: ownPrefix() }
}

describe.each(Object.entries({ ...STORES, "a cluster": onCluster }))("all sessions over %s", (name, options) => {
  it("are listed and counted, and those that ended or are another application's are not", async () => {
    const own = await options()
    const store = promised(own)
    expect(await store.all()).toEqual([])
    expect(await store.length()).toBe(0)
    await Promise.all(ids(250).map((id, n) => store.set(id, { n })))
    const gone = randomUUID()
    await store.set(gone, { n: "gone" })
    await store.destroy(gone)
    if (name !== "memory") await promised({ ...own, keyPrefix: ownPrefix() }).set(randomUUID(), { n: "another's" })
    const all = (await store.all()) as readonly (SessionData & { readonly n: number })[]
    expect(all.map(({ n }) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_none, n) => n))
    expect(all[0]?.cookie).toEqual({})
    expect(await store.length()).toBe(250)
  })

  it("are ended by clear with a mark, so that a late save brings none back, and new ones may be made", async () => {
    const own = await options()
    const store = promised(own)
    const all = ids(250)
    await Promise.all(all.map((id) => store.set(id, {})))
    await store.clear()
    expect(await store.length()).toBe(0)
    expect(await Promise.all(all.map((id) => store.get(id)))).toEqual(all.map(() => null))
    for (const id of all.slice(0, 20)) await expect(store.set(id, { late: true })).rejects.toEqual(ended)
    await store.set("another", {})
    expect(await store.length()).toBe(1)
    await store.clear()
    await store.clear()
    expect(await store.all()).toEqual([])
  })
})

describe("all sessions on Redis", () => {
  it("are those that connect-redis left, too, and clear keeps marks for as long as their keys could last", async () => {
    const client = await nodeRedis("redis")
    const keyPrefix = ownPrefix()
    const oldPrefix = `${keyPrefix}s[e]s*s:`
    const store = promised({ store: client, keyPrefix, takeOver: { prefix: oldPrefix } })
    const text = '{"cookie":{},"user":"ada"}'
    for (const id of ["old", "written again"]) await client.set(oldPrefix + id, text, { expiration: { type: "PX", value: 40 * DAY } })
    await client.set(`${oldPrefix}other`, "somebody's text")
    await client.set(`${keyPrefix}sess:other`, text)
    await store.set("new", { user: "bob" })
    await store.get("written again")
    await client.set(`${oldPrefix}written again`, text, { expiration: { type: "PX", value: 50 * DAY } })
    expect(await store.length()).toBe(3)
    expect(((await store.all()) as unknown as readonly { readonly user: string }[]).map(({ user }) => user).sort()).toEqual(["ada", "ada", "bob"])
    await store.clear()
    expect(await store.length()).toBe(0)
    expect(await client.keys(`${keyPrefix}*other`)).toHaveLength(2)
    const marks = await client.keys(`${keyPrefix}record:*`)
    const lasting = await Promise.all(marks.map((key) => client.pTTL(key)))
    expect(lasting.map((ms) => Math.round(ms / DAY)).sort((a, b) => a - b)).toEqual([1, 40, 50])
    for (const id of ["old", "written again", "new"]) {
      expect(await store.get(id)).toBeNull()
      await expect(store.set(id, { late: true })).rejects.toEqual(ended)
    }
  })

  it("that cannot be read are in no list, and are ended by clear", async () => {
    const client = await nodeRedis("redis")
    const keyPrefix = ownPrefix()
    const store = promised({ store: client, keyPrefix })
    await store.set("one", {})
    await store.set("two", {})
    const [key = ""] = await client.keys(`${keyPrefix}record:*`)
    await client.set(key, "damaged")
    expect(await store.length()).toBe(1)
    expect(await store.all()).toHaveLength(1)
    await store.clear()
    expect(await client.get(key)).toBe('{"ended":1}')
  })
})

describe("a walk over all sessions is bounded", () => {
  const rule = cookieRule(() => false)
  async function filled(count: number, bounds: { readonly listed: number; readonly counted: number; readonly keys: number }, steps = new MemoryRecords()) {
    const front = new RecordFront(steps, { timeoutMs: 5_000, rememberMs: 60_000 }, bounds)
    for (const id of ids(count)) await front.save({ id, record: null }, { text: "{}", lifetimeOf: () => 60_000, rule })
    return front
  }
  const limit = (outcome: string): unknown => expect.objectContaining({ code: "ERR_SESSION_LIMIT", outcome })

  it("by sessions: a list and a count are refused, and clear goes on where it is called again", async () => {
    const front = await filled(5, { listed: 3, counted: 4, keys: 100 })
    await expect(front.all()).rejects.toEqual(limit("not-applied"))
    await expect(front.count()).rejects.toEqual(limit("not-applied"))
    await expect(front.clear()).rejects.toEqual(limit("unknown"))
    expect(await front.count()).toBe(1)
    await front.clear()
    expect(await front.all()).toEqual([])
  })

  it("by keys that it looks at", async () => {
    const front = await filled(501, { listed: 1_000, counted: 1_000, keys: 500 })
    for (const [call, outcome] of [
      [front.all(), "not-applied"],
      [front.count(), "not-applied"],
      [front.clear(), "unknown"],
    ] as const)
      await expect(call).rejects.toEqual(limit(outcome))
  })

  it("by close(), which waits for no more than a step", async () => {
    let going: () => void = () => undefined
    const begun = new Promise<void>((resolve) => (going = resolve))
    class Endless extends MemoryRecords {
      override async *walk(): AsyncIterable<WalkedPage> {
        for (;;) {
          going()
          await new Promise(setImmediate)
          yield { looked: 0, found: [] }
        }
      }
    }
    const front = await filled(0, { listed: 1, counted: 1, keys: 1 }, new Endless())
    const counted = expect(front.count()).rejects.toEqual(expect.objectContaining({ code: "ERR_CLOSED" }))
    await begun
    await front.close()
    await counted
  })
})

it("a list is offered where the library's interface has it, which is that of express-session alone", () => {
  const names = ["all", "length", "clear"] as const
  const [express, ...others] = [new CoatcheckStore({ store: "memory:" }), new FastifyStore({ store: "memory:" }), new KoaStore({ store: "memory:" })]
  expect(names.filter((name) => name in express)).toEqual(names)
  for (const other of others) expect(names.filter((name) => name in other)).toEqual([])
})
