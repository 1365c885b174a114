import { RedisStore } from "connect-redis"
import { afterAll, describe, expect, it, onTestFinished } from "vitest"
import { CoatcheckStore } from "../../drop-in/express-session.js"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"
import { SERVER_KINDS, type ServerKind, startCluster } from "../support/servers.js"
import { type Application, expressApplication } from "./applications.js"
import { type Browser, held, signedIn } from "./browser.js"
import { keysOf, type NodeRedisClient, nodeRedis, nodeRedisCluster, ownPrefix, removeAll } from "./stores.js"

const DAY = 86_400_000

const clusters = new Map<ServerKind, ReturnType<typeof startCluster>>()
afterAll(async () => {
  for (const cluster of clusters.values()) await (await cluster).stop()
})

async function onCluster(kind: ServerKind): Promise<NodeRedisClient> {
  const cluster = clusters.get(kind) ?? startCluster(kind)
  clusters.set(kind, cluster)
  return nodeRedisCluster((await cluster).urls)
}

const PLACES: Readonly<Record<string, () => Promise<NodeRedisClient>>> = Object.fromEntries(
  SERVER_KINDS.flatMap((kind) => [
    [kind, () => nodeRedis(kind)],
    [`a cluster of ${kind}`, () => onCluster(kind)],
  ]),
)

describe.each(Object.entries(PLACES))("the sessions of connect-redis on %s", (_place, connect) => {
  interface Move {
    readonly client: NodeRedisClient
    readonly prefix: string
    readonly before: Application
    readonly after: Application
    readonly store: CoatcheckStore
    oldKeys(): Promise<readonly string[]>
  }

  /** One application over connect-redis, and the same one after its store was replaced. */
  async function move(): Promise<Move> {
    const client = await connect()
    const prefix = ownPrefix()
    const store = new CoatcheckStore({ store: client, keyPrefix: prefix, takeOver: { prefix: `${prefix}sess:` } })
    const before = await expressApplication(new RedisStore({ client, prefix: `${prefix}sess:` }))
    const after = await expressApplication(store)
    onTestFinished(async () => {
      await before[Symbol.asyncDispose]()
      await after[Symbol.asyncDispose]()
      await store.close()
    })
    return { client, prefix, before, after, store, oldKeys: () => keysOf(client, `${prefix}sess:*`) }
  }

  it("go on with nobody signed out, and their old keys are gone with the first visit", async () => {
    const { before, after, oldKeys, client, prefix } = await move()
    const browser = await signedIn(before)
    await browser.visit("/write?field=cart&value=lamp")
    const moved = await browser.copy(after)
    const [old = ""] = await oldKeys()
    const ttl = await client.pTTL(old)
    expect(await moved.fields()).toEqual({ user: "ada", cart: "lamp" })
    expect(await oldKeys()).toEqual([])
    const [record = ""] = await keysOf(client, `${prefix}record:*`)
    expect(Math.abs((await client.pTTL(record)) - ttl)).toBeLessThan(60_000)
    await moved.visit("/write?field=cart&value=desk")
    expect(await moved.fields()).toEqual({ user: "ada", cart: "desk" })
    expect(after.errors).toEqual([])
  })

  it("go on once where several requests come first together", async () => {
    const { before, after, oldKeys } = await move()
    const browser = await signedIn(before)
    const copies = await Promise.all(Array.from({ length: 20 }, () => browser.copy(after)))
    expect(await Promise.all(copies.map((copy) => copy.fields()))).toEqual(copies.map(() => ({ user: "ada" })))
    expect(await oldKeys()).toEqual([])
  })

  it("do not come back by their old cookie after the sign-out, nor by a late save of the old store", async () => {
    const { before, after, client, oldKeys } = await move()
    const browser = await signedIn(before)
    const [old = ""] = await oldKeys()
    const text = (await client.get(old)) ?? ""
    expect(text).toContain("ada")
    const [moved, stolen] = [await browser.copy(after), await browser.copy(after)]
    await moved.visit("/logout")
    expect(await oldKeys()).toEqual([])
    expect(await stolen.fields()).toEqual({})
    // An instance of before the move, whose request was slow.
    await client.set(old, text)
    expect(await stolen.fields()).toEqual({})
  })

  it.each(["/logout", "/write?field=cart&value=desk"])("go, with what an old instance wrote again, with the next change (%s)", async (path) => {
    const { before, after, client, oldKeys } = await move()
    const browser = await signedIn(before)
    const [old = ""] = await oldKeys()
    const text = (await client.get(old)) ?? ""
    const moved = await browser.copy(after)
    await moved.fields()
    await client.set(old, text)
    await moved.visit(path)
    await expect.poll(oldKeys, { timeout: 5_000 }).toEqual([])
  })

  it("stay ended for as long as an old instance's key could have lasted, and that key goes with the next visit", async () => {
    const { before, after, client, prefix, oldKeys } = await move()
    const browser = await signedIn(before)
    const [old = ""] = await oldKeys()
    const text = (await client.get(old)) ?? ""
    await client.pExpire(old, 40 * DAY)
    const [moved, stolen] = [await browser.copy(after), await browser.copy(after)]
    await moved.visit("/logout")
    const [mark = ""] = await keysOf(client, `${prefix}record:*`)
    expect(await client.get(mark)).toBe('{"ended":1}')
    expect(await client.pTTL(mark)).toBeGreaterThan(39 * DAY)
    for (const days of [50, 1]) {
      await client.set(old, text, { expiration: { type: "PX", value: days * DAY } })
      expect(await stolen.fields()).toEqual({})
      expect(await oldKeys()).toEqual([])
      expect(await client.pTTL(mark)).toBeGreaterThan(49 * DAY)
    }
    expect(after.errors).toEqual([])
  })

  it.each([1, 40])("stay ended when they are ended again, with a mark that gets no shorter (%i d)", async (days) => {
    const { before, client, prefix, oldKeys, store } = await move()
    await signedIn(before)
    const [old = ""] = await oldKeys()
    const text = (await client.get(old)) ?? ""
    const end = (): Promise<void> =>
      new Promise((resolve, reject) => store.destroy(old.slice(`${prefix}sess:`.length), (error) => (error ? reject(error as Error) : resolve())))
    await client.pExpire(old, 20 * DAY)
    await end()
    await client.set(old, text, { expiration: { type: "PX", value: days * DAY } })
    await end()
    expect(await oldKeys()).toEqual([])
    const [mark = ""] = await keysOf(client, `${prefix}record:*`)
    expect(await client.get(mark)).toBe('{"ended":1}')
    expect(await client.pTTL(mark)).toBeGreaterThan((Math.max(days, 20) - 1) * DAY)
  })

  it("are ended with their old key where nobody came by in between", async () => {
    const { before, after, oldKeys } = await move()
    const browser = await signedIn(before)
    const slow = await browser.copy(before)
    const answering = slow.visit("/slow?field=note&value=late")
    await held(before)
    await (await browser.copy(after)).visit("/logout")
    before.gate.open()
    await answering
    await expect.poll(oldKeys, { timeout: 5_000 }).toHaveLength(1)
    expect(await (await browser.copy(after)).fields()).toEqual({})
  })

  it("stay where they are when they are no sessions", async () => {
    const { before, after, client, oldKeys } = await move()
    const browser: Browser = await signedIn(before)
    const [old = ""] = await oldKeys()
    for (const text of ["somebody's text", "[1]", '{"cookie":1}', "{}"]) {
      await client.set(old, text)
      expect(await (await browser.copy(after)).fields()).toEqual({})
      expect(await client.get(old)).toBe(text)
    }
  })

  it("alone are removed by saves and ends: what else lies under an old key stays", async () => {
    const { client, prefix, store } = await move()
    const done = (work: (callback: (error?: unknown) => void) => void): Promise<void> =>
      new Promise((resolve, reject) => work((error) => (error ? reject(error as Error) : resolve())))
    const key = `${prefix}sess:one`
    for (const text of ["somebody's text", '{"cookie":1}', '["cookie"]', "{}"]) {
      await client.set(key, text)
      await done((callback) => store.set("one", { user: "ada", cookie: {} } as never, callback))
      await done((callback) => store.destroy("one", callback))
      await done((callback) => store.destroy("two", callback))
      expect(await client.get(key)).toBe(text)
      await removeAll(client, await keysOf(client, `${prefix}record:*`))
    }
    await client.del(key)
    await client.hSet(key, { field: "value" })
    await done((callback) => store.set("one", { user: "ada", cookie: {} } as never, callback))
    await done((callback) => store.destroy("one", callback))
    expect(await client.hGetAll(key)).toMatchObject({ field: "value" })
    await client.set(`${prefix}sess:two`, "somebody's text")
    await done((callback) => store.destroy("two", callback))
    expect(await client.get(`${prefix}sess:two`)).toBe("somebody's text")
    expect(await keysOf(client, `${prefix}record:*`)).toHaveLength(1)
  })

  it("without an expiry get that of the new store", async () => {
    const { before, after, client, prefix, oldKeys } = await move()
    const browser = await signedIn(before)
    const [old = ""] = await oldKeys()
    await client.persist(old)
    expect(await (await browser.copy(after)).visit("/")).toMatchObject({ status: 200 })
    const [record = ""] = await keysOf(client, `${prefix}record:*`)
    expect(await client.pTTL(record)).toBeGreaterThan(0)
  })
})

describe("a take-over", () => {
  const refused = expect.objectContaining({ code: "ERR_CONFIG_INVALID" })

  it("is refused where connect-redis never was", () => {
    expect(() => new CoatcheckStore({ store: "memory:", takeOver: {} })).toThrow(refused)
    expect(() => new CoatcheckStore({ store: "sqlite:./never-made.db", takeOver: {} })).toThrow(refused)
    const options = { store: "redis://127.0.0.1", takeOver: {} }
    expect(() => new KoaStore(options)).toThrow(refused)
    expect(() => new CoatcheckStore({ store: "redis://127.0.0.1", takeOver: { prefix: 1 as never } })).toThrow(refused)
    expect(() => new CoatcheckStore({ store: "redis://127.0.0.1", takeOver: { suffix: "" } as never })).toThrow(refused)
  })
})
