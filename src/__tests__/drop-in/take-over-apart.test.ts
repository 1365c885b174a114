import { hash, randomUUID } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { SessionError } from "../../domain/errors.js"
import type { IRecordStore } from "../../domain/interfaces/records/IRecordStore.js"
import type { IRedisService, RedisReply } from "../../domain/interfaces/redis/IRedisService.js"
import { cookieRule } from "../../drop-in/merge-rules.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { ForwardedRedis } from "../../infrastructure/redis/ForwardedRedis.js"
import { RecordFront } from "../../infrastructure/services/records/RecordFront.js"
import { RedisRecords } from "../../infrastructure/services/records/RedisRecords.js"
import { SERVER_KINDS, startCluster, type TestCluster } from "../support/servers.js"
import { type NodeRedisClient, nodeRedisCluster, ownPrefix } from "./stores.js"

// On a cluster the record and what connect-redis left lie in different slots, so what is one step elsewhere is several. What a process leaves that ends in between,
// and what others do in between, is tried here step by step.

const HOUR = 3_600_000
const DAY = 24 * HOUR
const MARK = '{"ended":1}'
const rule = cookieRule(() => false)
const ended = expect.objectContaining({ code: "ERR_SESSION_ENDED" })

/** Does something before a script is sent; what that throws is what becomes of the script, and of all that this process would send later. */
class Interrupted extends ForwardedRedis {
  #before: { readonly script: string; readonly work: () => Promise<void> } | null = null
  #gone = false

  before(script: string, work: () => Promise<void>): void {
    this.#before = { script, work }
  }

  /** As if the process were killed before it sends a script. */
  dieBefore(script: string): void {
    this.before(script, async () => {
      this.#gone = true
    })
  }

  override get(...args: Parameters<IRedisService["get"]>): Promise<string | null> {
    return this.#gone ? Promise.reject(gone()) : super.get(...args)
  }

  override mget(...args: Parameters<IRedisService["mget"]>): ReturnType<IRedisService["mget"]> {
    return this.#gone ? Promise.reject(gone()) : super.mget(...args)
  }

  override async run(...args: Parameters<IRedisService["run"]>): Promise<RedisReply> {
    const due = this.#before
    if (due?.script === args[0].name) {
      this.#before = null
      await due.work()
    }
    if (this.#gone) throw gone()
    return super.run(...args)
  }
}

function gone(): SessionError {
  return new SessionError("ERR_STORE_UNAVAILABLE", "This process is no more.")
}

describe.each(SERVER_KINDS)("a take-over on a cluster of %s", (kind) => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await startCluster(kind)
  })
  afterAll(() => cluster.stop())

  async function begin(timeoutMs = 5_000) {
    const client: NodeRedisClient = await nodeRedisCluster(cluster.urls)
    const keyPrefix = ownPrefix()
    const oldPrefix = `${keyPrefix}sess:`
    const settings = { timeoutMs, keyPrefix, idleMs: HOUR, rememberMs: HOUR }
    const id = randomUUID()
    const old = oldPrefix + id
    const record = `${keyPrefix}record:${hash("sha256", id, "base64url")}`
    const text = JSON.stringify({ cookie: {}, user: "ada" })
    const open = async (): Promise<{ readonly redis: Interrupted; readonly store: IRecordStore }> => {
      const url = `redis+cluster://${cluster.ports.map((port) => `127.0.0.1:${port}`).join(",")}`
      const redis = new Interrupted(await connectRedis(url, { timeoutMs }))
      const store = new RecordFront(new RedisRecords(redis, settings, oldPrefix), settings)
      onTestFinished(() => store.close())
      return { redis, store }
    }
    const [mine, other] = [await open(), await open()]
    await client.set(old, text, { expiration: { type: "PX", value: 2 * DAY } })
    const read = (store: IRecordStore = other.store) => store.read({ id, record: null })
    const save = (fields: object, store: IRecordStore = other.store) =>
      store.save({ id, record: null }, { text: JSON.stringify({ cookie: {}, ...fields }), lifetimeOf: () => HOUR, rule })
    /** Whatever is tried with the cookie, and whatever an old instance's key holds. */
    const staysEnded = async (): Promise<void> => {
      expect(await read()).toBeNull()
      await expect(save({ late: true })).rejects.toEqual(ended)
      await client.set(old, text, { expiration: { type: "PX", value: DAY } })
      expect(await read()).toBeNull()
      await expect(save({ late: true })).rejects.toEqual(ended)
      expect(await client.get(old)).toBeNull()
      expect(await client.get(record)).toBe(MARK)
      expect(await client.pTTL(record)).toBeGreaterThan(DAY - HOUR)
    }
    return { client, id, old, record, text, mine, other, read, save, staysEnded }
  }

  it("has both keys in different slots", async () => {
    const { client, old, record } = await begin()
    const slotOf = (key: string): Promise<unknown> =>
      (client as unknown as { sendCommand(...args: unknown[]): Promise<unknown> }).sendCommand(key, true, ["CLUSTER", "KEYSLOT", key])
    expect(await slotOf(old)).not.toBe(await slotOf(record))
  })

  it("that ended after the record was made loses nothing, and the next change removes the old key", async () => {
    const { client, id, old, mine, other, read, save, staysEnded } = await begin()
    mine.redis.dieBefore("record-old-remove")
    await read(mine.store).catch(() => undefined)
    expect(await client.exists(old)).toBe(1)
    expect(await read()).toMatchObject({ user: "ada" })
    await save({ user: "ada", n: 1 })
    await expect.poll(() => client.exists(old), { timeout: 5_000 }).toBe(0)
    expect(await read()).toMatchObject({ user: "ada", n: 1 })
    await other.store.end(id)
    expect(await read()).toBeNull()
    await staysEnded()
  })

  it("that ended before the record was made leaves the session where it was", async () => {
    const { client, old, record, mine, read } = await begin()
    mine.redis.dieBefore("record-adopt-apart")
    await expect(read(mine.store)).rejects.toThrow()
    expect(await client.exists(old)).toBe(1)
    expect(await client.exists(record)).toBe(0)
    expect(await read()).toMatchObject({ user: "ada" })
    expect(await client.exists(old)).toBe(0)
    expect(Math.abs((await client.pTTL(record)) - 2 * DAY)).toBeLessThan(60_000)
  })

  it("of a session whose take-over was left half done ends with both keys", async () => {
    const { id, mine, other, read, staysEnded } = await begin()
    mine.redis.dieBefore("record-old-remove")
    await read(mine.store).catch(() => undefined)
    await other.store.end(id)
    await staysEnded()
  })

  it("does not happen once the mark is there, also where the end left the old key", async () => {
    const { client, id, old, record, mine, read, staysEnded } = await begin()
    mine.redis.dieBefore("record-old-remove")
    await mine.store.end(id).catch(() => undefined)
    expect(await client.exists(old)).toBe(1)
    expect(await client.get(record)).toBe(MARK)
    // No shorter than the old key, from which the session could be taken over again.
    expect(await client.pTTL(record)).toBeGreaterThanOrEqual(await client.pTTL(old))
    expect(await read()).toBeNull()
    expect(await client.exists(old)).toBe(0)
    await staysEnded()
  })

  it("of what had been taken over already is undone by an end that could not look at the old key", async () => {
    const { client, id, record, mine, read, staysEnded } = await begin()
    await read()
    mine.redis.dieBefore("record-old")
    await expect(mine.store.end(id)).rejects.toThrow()
    expect(await client.get(record)).toBe(MARK)
    await staysEnded()
  })

  it("beside an end: whoever had read the old key before finds the mark", async () => {
    const { id, mine, other, read, staysEnded } = await begin()
    mine.redis.before("record-adopt-apart", () => other.store.end(id))
    expect(await read(mine.store)).toBeNull()
    await staysEnded()
  })

  it("beside an end that has found no record yet is ended", async () => {
    const { id, mine, read, staysEnded } = await begin()
    mine.redis.before("record-old", async () => {
      expect(await read()).toMatchObject({ user: "ada" })
    })
    await mine.store.end(id)
    await staysEnded()
  })

  it("that hangs for longer than its call makes no record: by then the mark may be gone", async () => {
    const { client, id, record, mine, other, read } = await begin(300)
    const late = new Promise<void>((resolve) => {
      mine.redis.before("record-adopt-apart", async () => {
        await other.store.end(id)
        await client.del(record)
        await pause(400)
        resolve()
      })
    })
    await read(mine.store).catch(() => undefined)
    await late
    await mine.store.close()
    expect(await client.exists(record)).toBe(0)
    expect(await read()).toBeNull()
  })

  it("of several at a time makes one record, and loses none of their changes", async () => {
    const { client, id, old, mine, other } = await begin()
    const holders = await Promise.all(
      Array.from({ length: 20 }, async (_none, n) => {
        const seen = { id, record: null }
        const { store } = n % 2 === 0 ? mine : other
        expect(await store.read(seen)).toMatchObject({ user: "ada" })
        return { store, seen, n }
      }),
    )
    const text = (n: number): string => JSON.stringify({ cookie: {}, user: "ada", [`f${n}`]: n })
    await Promise.all(holders.map(({ store, seen, n }) => store.save(seen, { text: text(n), lifetimeOf: () => HOUR, rule })))
    expect(await other.store.read({ id, record: null })).toEqual({ cookie: {}, user: "ada", ...Object.fromEntries(holders.map(({ n }) => [`f${n}`, n])) })
    expect(await client.exists(old)).toBe(0)
  })

  it("is not needed by clear, which ends what nobody took over", async () => {
    const { client, old, mine, read, save, staysEnded } = await begin()
    expect(await mine.store.count()).toBe(1)
    await mine.store.clear()
    expect(await mine.store.count()).toBe(0)
    expect(await client.exists(old)).toBe(0)
    expect(await read()).toBeNull()
    await expect(save({ late: true })).rejects.toEqual(ended)
    await staysEnded()
  })
})
