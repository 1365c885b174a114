import { randomUUID } from "node:crypto"
import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { IRedisService, RedisReply, RedisScript } from "../../domain/interfaces/redis/IRedisService.js"
import type { Judgement, LimitRecord } from "../../domain/rate-limit/record.js"
import { checkRules, type Rule } from "../../domain/rate-limit/rules.js"
import * as table from "../../domain/rate-limit/table.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { rateAdjust, rateBlock, rateLease, rateLook, rateRelease, rateTake } from "../../infrastructure/redis/scripts/scripts.generated.js"
import { newSessionId } from "../../infrastructure/services/session/randomness.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"

const LETTERS = { gcra: "g", "sliding-log": "l", "sliding-counter": "c", "fixed-window": "f", concurrency: "s" } as const
const COUNTING = ["gcra", "sliding-log", "sliding-counter", "fixed-window"] as const
const STEPS = 1_500

/** Periods of a few round trips, so that what counts and what has run out meet in every order. */
function makeRule(algorithm: Rule["algorithm"], capacity: number, period: number, shadow = false): Rule {
  return { name: algorithm, algorithm, limit: { capacity, period }, onOutage: "closed", shadow }
}

/** An argument of rate-take. */
function claimed({ algorithm, limit, shadow }: Rule, cost: number, more = false): string {
  return [LETTERS[algorithm], limit.capacity, limit.period, cost, Number(shadow), Number(more)].join(" ")
}

/** Whole numbers below a bound, the same in each run. */
function randomFrom(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * bound)
  }
}

describe.each(SERVER_KINDS)("the scripts of rate limits on %s", (kind) => {
  let redis: IRedisService
  let raw: ReturnType<typeof createClient>
  const prefix = `rate-scripts:${randomUUID()}:`

  beforeAll(async () => {
    const { url } = sharedServer(kind)
    redis = await connectRedis(url, { timeoutMs: 5_000 })
    raw = createClient({ url })
    await raw.connect()
  })
  afterAll(async () => {
    raw.destroy()
    await redis.close()
  })

  async function send(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<readonly number[]> {
    const reply = (await redis.run(script, keys, args)) as readonly RedisReply[]
    return reply.map(Number)
  }

  function judgementsOf([at = 0, ...values]: readonly number[]): readonly Judgement[] {
    return Array.from({ length: values.length / 5 }, (_, place) => {
      const [taken, blockedFor = 0, wait = 0, used = 0, ends = 0] = values.slice(place * 5, place * 5 + 5)
      return { at, taken: taken === 1, blockedFor, wait, used, ends }
    })
  }

  /** Sends claims of one call. */
  async function take(claims: readonly table.Claim[]): Promise<readonly Judgement[]> {
    const args = claims.map(({ rule, cost }, at) => claimed(rule, cost, at < claims.length - 1))
    return judgementsOf(
      await send(
        rateTake,
        claims.map(({ key }) => key),
        args,
      ),
    )
  }

  it("do at each moment of the server's clock what the rules of the domain say", async () => {
    const random = randomFrom(7)
    const pick = <T>(all: readonly T[]): T => all[random(all.length)] as T
    const records = new Map<string, LimitRecord>()
    const model: table.LimitTable = {
      get: (key) => records.get(key) ?? null,
      put: (key, record) => void records.set(key, record),
      drop: (key) => void records.delete(key),
    }
    const rules = COUNTING.flatMap((algorithm) => [makeRule(algorithm, 3, 900), makeRule(algorithm, 12, 20_000), makeRule(algorithm, 1, 4_000, true)])
    const leases = [makeRule("concurrency", 2, 90_000), makeRule("concurrency", 3, 15_000)]
    const ids = Array.from({ length: 3 }, newSessionId)
    const keyOf = (rule: Rule) => `${prefix}{s}:${rule.algorithm}:${rule.limit.capacity}`
    const seen = { taken: 0, denied: 0, blocked: 0, renewed: 0, waited: 0 }

    for (let step = 0; step < STEPS; step += 1) {
      const rule = pick(rules)
      const key = keyOf(rule)
      const { capacity, period } = rule.limit
      const cost = 1 + random(Math.min(3, capacity))
      const kindOfStep = random(20)
      if (kindOfStep < 9) {
        const others = rules.filter((other) => keyOf(other) !== key && random(6) === 0)
        const claims = [rule, ...others].map((one) => ({ key: keyOf(one), rule: one, cost: one === rule ? cost : 1 }))
        const judged = await take(claims)
        expect(judged).toEqual(table.takeAll(model, claims, judged[0]?.at ?? 0))
        for (const { taken, wait, blockedFor } of judged) seen[taken ? "taken" : blockedFor > 0 ? "blocked" : wait > 0 ? "denied" : "waited"] += 1
      } else if (kindOfStep < 11) {
        const [at = 0] = await send(rateAdjust, [key], [LETTERS[rule.algorithm], capacity, period, cost, ""])
        table.adjust(model, { key, rule, cost }, null, at)
      } else if (kindOfStep < 13) {
        const marks = records.get(key)?.marks ?? []
        const until = pick([null, ...marks.filter((mark) => mark > 1e15).flatMap((mark) => [mark, mark + period, mark + 2 * period])])
        const [at = 0] = await send(rateAdjust, [key], [LETTERS[rule.algorithm], capacity, period, -cost, until ?? ""])
        table.adjust(model, { key, rule, cost: -cost }, until, at)
      } else if (kindOfStep < 14) {
        const [at = 0] = await send(rateBlock, [key], [LETTERS[rule.algorithm], capacity, period, 700])
        table.block(model, key, rule, 700, at)
      } else if (kindOfStep < 16) {
        const [judged] = judgementsOf(await send(rateLook, [key], [LETTERS[rule.algorithm], capacity, period]))
        expect(judged).toEqual(table.look(model, key, rule, judged?.at ?? 0))
      } else {
        const held = pick(leases)
        const place = `${prefix}{s}:lease:${held.limit.capacity}`
        const id = pick(ids)
        const action = random(8)
        if (action < 5) {
          const onlyRenew = action < 2
          const [judged] = judgementsOf(await send(rateLease, [place], [held.limit.capacity, held.limit.period, id, onlyRenew ? 1 : 0]))
          expect(judged).toEqual(table.hold(model, place, held, id, onlyRenew, judged?.at ?? 0))
          if (onlyRenew && judged?.taken) seen.renewed += 1
        } else if (action < 6) {
          const [judged] = judgementsOf(await send(rateLook, [place], ["s", held.limit.capacity, held.limit.period]))
          expect(judged).toEqual(table.look(model, place, held, judged?.at ?? 0))
        } else {
          const [at = 0] = await send(rateRelease, [place], [held.limit.capacity, held.limit.period, id])
          table.release(model, place, held, id, at)
        }
      }
    }
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(3)
  })

  it("decide each of the calls that travel together for itself, in their order", async () => {
    const [one, other] = [makeRule("fixed-window", 2, 3_600_000_000), makeRule("sliding-log", 1, 3_600_000_000)]
    const [a, b] = [`${prefix}together:a`, `${prefix}together:b`]
    const keys = [a, a, b, b, a, a, b]
    const args = [claimed(one, 1), claimed(one, 1, true), claimed(other, 1), claimed(other, 1, true), claimed(one, 1), claimed(one, 1), claimed(other, 1)]
    const judged = judgementsOf(await send(rateTake, keys, args))
    // The first two calls take three units; the third is denied one of two and takes none; the others find nothing left.
    expect(judged.map(({ taken, used }) => [taken, used])).toEqual([
      [true, 1],
      [true, 2],
      [true, 1],
      [false, 1],
      [false, 2],
      [false, 2],
      [false, 1],
    ])
  })

  it("let a call that does not fit hold up none that travel with it", async () => {
    const rule = makeRule("fixed-window", 2, 3_600_000_000)
    const keys = ["full", "before", "after"].map((name) => `${prefix}beside:${name}`)
    const [full = "", before = "", after = ""] = keys
    await send(rateTake, [full], [claimed(rule, 2)])
    const judged = judgementsOf(await send(rateTake, [before, full, after], Array(3).fill(claimed(rule, 1))))
    expect(judged.map(({ taken }) => taken)).toEqual([true, false, true])
  })

  it("know what calls before them took by another rule of the same record", async () => {
    const key = `${prefix}two-rules`
    const [few, many] = [makeRule("fixed-window", 2, 3_600_000_000), makeRule("fixed-window", 9, 3_600_000_000)]
    const args = [claimed(few, 2), claimed(many, 3), claimed(few, 1), claimed(many, 1)]
    const judged = judgementsOf(await send(rateTake, Array(4).fill(key), args))
    // Of five units the smaller rule counts the two that it has.
    expect(judged.map(({ taken, used }) => [taken, used])).toEqual([
      [true, 2],
      [true, 5],
      [false, 2],
      [true, 6],
    ])
    expect((await take([{ key, rule: many, cost: 1 }])).map(({ used }) => used)).toEqual([7])
  })

  it("keep what counts for as long as it counts, and nothing longer", async () => {
    for (const algorithm of COUNTING) {
      const key = `${prefix}ttl:${algorithm}`
      const [at = 0, , , , , ends = 0] = await send(rateTake, [key], [claimed(makeRule(algorithm, 5, 60_000_000), 5)])
      expect(Number(await raw.pExpireTime(key)) - at / 1_000, algorithm).toBeCloseTo(ends / 1_000, -1)
      await send(rateAdjust, [key], [LETTERS[algorithm], 5, 60_000_000, -5, ""])
      expect(await raw.exists(key), algorithm).toBe(0)
    }
  })

  it("count what lies ahead as taken now, after the clock was set back", async () => {
    const later = `${Math.floor(Date.now() / 1_000) + 86_400}000000`
    const planted = { gcra: later, "sliding-log": later.repeat(3), "sliding-counter": `${later}00000010000002`, "fixed-window": `${later}0000003` }
    // In how many microseconds at most one unit fits again, and nothing counts any more.
    const latest = {
      gcra: [1_000_000, 3_000_000],
      "sliding-log": [1_000_000, 1_000_000],
      "sliding-counter": [1_333_334, 2_000_000],
      "fixed-window": [2_000_000, 2_000_000],
    } as const
    for (const algorithm of COUNTING) {
      const key = `${prefix}ahead:${algorithm}`
      await raw.set(key, `${LETTERS[algorithm]}${"0".repeat(16)}${planted[algorithm]}`)
      const [judged] = await take([{ key, rule: makeRule(algorithm, 3, 1_000_000), cost: 1 }])
      expect({ taken: judged?.taken, used: judged?.used }, algorithm).toEqual({ taken: false, used: 3 })
      const [wait, ends] = latest[algorithm]
      expect(judged?.wait, algorithm).toBeLessThanOrEqual(wait)
      expect(judged?.ends, algorithm).toBeLessThanOrEqual(ends)

      const brief = { key: `${key}:brief`, rule: makeRule(algorithm, 3, 20_000), cost: 1 }
      await raw.set(brief.key, `${LETTERS[algorithm]}${"0".repeat(16)}${planted[algorithm]}`)
      await expect.poll(async () => (await take([brief]))[0]?.taken, { message: algorithm, timeout: 5_000 }).toBe(true)
    }
    const place = `${prefix}ahead:lease`
    await raw.set(place, `s${"0".repeat(16)}${newSessionId()}${later}`)
    const holder = newSessionId()
    const hold = async () => judgementsOf(await send(rateLease, [place], [1, 20_000, holder, 0]))[0]?.taken
    await expect.poll(hold, { timeout: 5_000 }).toBe(true)
  })

  it("count nothing of a value that is none of theirs, and write over it", async () => {
    const texts = ["", "g", "not a record", `l${"0".repeat(16)}`, `g${"x".repeat(32)}`, `l${"x".repeat(32)}`, `c${"x".repeat(40)}`, `s${"x".repeat(60)}`]
    for (const algorithm of [...COUNTING, "concurrency"] as const) {
      const key = `${prefix}garbage:${algorithm}`
      for (const text of [null, ...texts]) {
        await raw.unlink(key)
        if (text === null) await raw.zAdd(key, { value: "m", score: 1 })
        else await raw.set(key, text)
        const asked =
          algorithm === "concurrency"
            ? send(rateLease, [key], [2, 60_000_000, newSessionId(), 0])
            : send(rateTake, [key], [claimed(makeRule(algorithm, 2, 60_000_000), 1)])
        const [judged] = judgementsOf(await asked)
        expect({ taken: judged?.taken, used: judged?.used }, `${algorithm} over ${text}`).toEqual({ taken: true, used: 1 })
        expect(await raw.get(key)).toMatch(new RegExp(`^${LETTERS[algorithm]}0{16}`))
      }
    }
  })

  it("keep a block when a rule's algorithm changes", async () => {
    const key = `${prefix}changed`
    await send(rateBlock, [key], ["g", 5, 1_000, 60_000_000])
    const [judged] = await take([{ key, rule: makeRule("sliding-log", 5, 1_000), cost: 1 }])
    expect(judged?.taken).toBe(false)
    expect(judged?.blockedFor).toBeGreaterThan(50_000_000)
  })
})

it("every algorithm has a name under which a rule can be made", () => {
  for (const algorithm of COUNTING) expect(checkRules({ a: { algorithm, limit: 1, window: 1 } }).get("a")?.algorithm).toBe(algorithm)
})
