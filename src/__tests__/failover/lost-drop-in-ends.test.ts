import { randomUUID } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { IRecordStore, Seen } from "../../domain/interfaces/records/IRecordStore.js"
import { cookieRule } from "../../drop-in/merge-rules.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { RecordFront } from "../../infrastructure/services/records/RecordFront.js"
import { RedisRecords } from "../../infrastructure/services/records/RedisRecords.js"
import { BACK_WITHIN_MS, cutReplication, failOver, replicated, sentinelUrl } from "../support/lost-writes.js"
import { SERVER_KINDS, startSentinels, type TestSentinels } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

const CLIENTS = ["@redis/client", "redis", "ioredis", "iovalkey"] as const
const SETTINGS = { timeoutMs: 1_000, keyPrefix: "", idleMs: 3_600_000, rememberMs: 3_600_000 }
const ended = expect.objectContaining({ code: "ERR_SESSION_ENDED" })
const rule = cookieRule(() => false)
const fields = (more: object) => ({ text: JSON.stringify({ user: "ada", ...more }), lifetimeOf: () => SETTINGS.idleMs, rule })

expectNoUnhandledRejections()

describe.each(SERVER_KINDS)("a failover of %s that loses ends of drop-in sessions", (kind) => {
  let group: TestSentinels
  beforeAll(async () => {
    group = await startSentinels(kind)
  })
  afterAll(() => group.stop())

  const open = async (clientPackage: (typeof CLIENTS)[number]): Promise<IRecordStore> =>
    new RecordFront(new RedisRecords(await connectRedis(sentinelUrl(group), { timeoutMs: SETTINGS.timeoutMs, clientPackage }), SETTINGS), SETTINGS)

  it("has them back from whoever lives, and from nobody else", async () => {
    const witness = await open("@redis/client")
    const gone = await open("@redis/client")
    const living = await Promise.all(CLIENTS.map(open))
    const make = async (): Promise<string> => {
      const id = randomUUID()
      await witness.save({ id, record: null }, fields({}))
      return id
    }
    const found = (id: string): Promise<unknown> =>
      witness.read({ id, record: null }).then(
        (session) => session !== null,
        (error: unknown) => String(error),
      )
    try {
      const [unprotected, kept] = [await make(), await make()]
      const destroyed = await Promise.all(living.map(make))
      const lapsed = await Promise.all(living.map(make))
      // Requests that were under way before the end, and are still after the failover.
      const slow: Seen[] = destroyed.map((id) => ({ id, record: null }))
      for (const seen of slow) await witness.read(seen)
      await replicated(group)
      await cutReplication(group)
      await gone.end(unprotected)
      await gone.close()
      await Promise.all(
        living.map(async (store, n) => {
          await store.end(destroyed[n] ?? "")
          await store.touch({ id: lapsed[n] ?? "", record: null }, { text: "{}", lifetimeOf: () => 0, rule })
        }),
      )
      const all = [...destroyed, ...lapsed]
      expect(await Promise.all(all.map(found))).toEqual(all.map(() => false))
      await failOver(group)

      await expect.poll(() => found(kept), { timeout: BACK_WITHIN_MS }).toBe(true)
      await expect.poll(() => Promise.all(all.map(found)), { timeout: BACK_WITHIN_MS }).toEqual(all.map(() => false))
      for (const seen of slow) await expect(witness.save(seen, fields({ late: true }))).rejects.toEqual(ended)
      // With their marks, so that whoever has seen nothing of them brings them back neither.
      for (const id of all) await expect(witness.save({ id, record: null }, fields({ late: true }))).rejects.toEqual(ended)
      expect(await found(kept)).toBe(true)
      // What the repetition is worth: the same end, made by a process that is no more, is lost.
      expect(await found(unprotected)).toBe(true)
    } finally {
      await Promise.all([witness, gone, ...living].map((store) => store.close()))
    }
  })
})
