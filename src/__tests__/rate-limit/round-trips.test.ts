import { randomUUID } from "node:crypto"
import { setTimeout as wait } from "node:timers/promises"
import { Redis as IoRedis } from "ioredis"
import { createClient } from "redis"
import { describe, expect, it, onTestFinished } from "vitest"
import { SessionError } from "../../domain/errors.js"
import type { RateLimitEvent } from "../../domain/interfaces/ports.js"
import type { IRedisService } from "../../domain/interfaces/redis/IRedisService.js"
import { createRateLimitingService } from "../../exports/rate-limit.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { RateLimitingService } from "../../infrastructure/services/rate-limit/RateLimitingService.js"
import { startFaultProxy } from "../support/fault-proxy.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"

const rules = {
  api: { limit: 3, window: "1h", onOutage: "open" },
  quick: { algorithm: "sliding-log", limit: 1, window: "300ms" },
  brief: { algorithm: "sliding-log", limit: 1, window: "20s" },
  closed: { limit: 3, window: "1h" },
  shadow: { limit: 3, window: "1h", shadow: true },
  jobs: { algorithm: "concurrency", limit: 1, lease: "1h" },
} as const
const ada = { userId: "ada" }
const bob = { userId: "bob" }
/** A promise, and what fulfils it. */
function gate() {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}
const newPrefix = () => `trips:${randomUUID().slice(0, 13)}:`

describe.each(SERVER_KINDS)("on %s", (kind) => {
  /** A service, and how many scripts it has sent. */
  async function counted(keyPrefix = newPrefix()) {
    const redis = await connectRedis(sharedServer(kind).url, { timeoutMs: 5_000 })
    let sent = 0
    const counting: IRedisService = new Proxy(redis, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (name === "run") sent += 1
        return typeof value === "function" ? value.bind(target) : value
      },
    })
    const service = new RateLimitingService(counting, { rules, keyPrefix, timeout: "5s" })
    onTestFinished(() => service.close())
    return { service, keyPrefix, trips: () => sent }
  }

  /** A service whose store says that it has several nodes. `failNext(n)`: the n-th script from now fails, unsent; `holdNext(n, until)`: it is sent late. */
  async function onCluster() {
    const redis = await connectRedis(sharedServer(kind).url, { timeoutMs: 5_000 })
    let left = 0
    let held: Promise<unknown> | null = null
    const run: IRedisService["run"] = async (...script) => {
      left -= 1
      if (left === 0 && held === null) throw new SessionError("ERR_STORE_UNAVAILABLE", "Expected a node, got none.")
      if (left === 0) await held
      return redis.run(...script)
    }
    const cluster: IRedisService = new Proxy(redis, {
      get: (target, name) => {
        if (name === "run") return run
        const value: unknown = name === "singleNode" ? false : Reflect.get(target, name)
        return typeof value === "function" ? value.bind(target) : value
      },
    })
    const events: RateLimitEvent[] = []
    const service = new RateLimitingService(cluster, { rules, keyPrefix: newPrefix(), timeout: "5s", onEvent: (event) => events.push(event) })
    onTestFinished(() => service.close())
    const failNext = (nth: number): void => {
      left = nth
      held = null
    }
    const holdNext = (nth: number, until: Promise<unknown>): void => {
      left = nth
      held = until
    }
    return { service, events, failNext, holdNext }
  }

  it("several rules and subjects are one round trip", async () => {
    const { service, trips } = await counted()
    await service.checkRateLimits([
      { subject: ada, rule: "api" },
      { subject: { address: "::1" }, rule: "api" },
      { subject: ada, rule: "quick" },
    ])
    expect(trips()).toBe(1)
  })

  it("all checks of one turn are one round trip, and none of them exceeds the limit", async () => {
    const { service, trips } = await counted()
    const answers = await Promise.all(Array.from({ length: 8 }, () => service.checkRateLimit(ada, "api")))
    expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, false, false, false, false, false])
    expect(trips()).toBe(1)
  })

  it("what is known to be denied needs none, until it could be allowed", async () => {
    const { service, trips } = await counted()
    await service.checkRateLimit(ada, "api", { cost: 3 })
    await service.block(ada, "api", "1h")
    expect(await service.checkRateLimit(ada, "api")).toMatchObject({ allowed: false, judgedBy: "store" })
    const before = trips()
    for (let calls = 0; calls < 50; calls += 1) expect(await service.checkRateLimit(ada, "api")).toMatchObject({ allowed: false, totalRequests: 3 })
    expect(
      await service.checkRateLimits([
        { subject: { userId: "bob" }, rule: "api" },
        { subject: ada, rule: "api" },
      ]),
    ).toMatchObject({ allowed: false, rule: "api" })
    expect(trips()).toBe(before)
    expect((await service.checkRateLimit({ userId: "bob" }, "api")).remaining).toBe(2)

    expect((await service.checkRateLimit(ada, "quick")).allowed).toBe(true)
    const denied = await service.checkRateLimit(ada, "quick")
    if (denied.allowed) throw new Error("Expected a denial")
    const quick = trips()
    expect((await service.checkRateLimit(ada, "quick")).allowed).toBe(false)
    expect(trips()).toBe(quick)
    await wait(310)
    expect((await service.checkRateLimit(ada, "quick")).allowed).toBe(true)
  })

  it("a reset, a reward and a block of this process are seen at once", async () => {
    const { service } = await counted()
    for (const release of [() => service.resetRateLimit(ada, "api"), () => service.reward(ada, "api", 3)]) {
      await service.penalize(ada, "api", 3)
      expect((await service.checkRateLimit(ada, "api")).allowed).toBe(false)
      await release()
      expect((await service.checkRateLimit(ada, "api")).remaining).toBe(2)
    }
    await service.block(ada, "api", "1h")
    expect(await service.checkRateLimit(ada, "api")).toMatchObject({ allowed: false, reason: "blocked" })
    await service.block(ada, "api", "100ms")
    await expect.poll(async () => (await service.checkRateLimit(ada, "api")).allowed, { timeout: 10_000 }).toBe(true)
  })

  it("what another process gives back is seen soon, and at once where units are taken provisionally", async () => {
    const { service, keyPrefix } = await counted()
    const { service: other } = await counted(keyPrefix)
    await service.checkRateLimit(ada, "api", { cost: 3 })
    expect((await service.checkRateLimit(ada, "api")).allowed).toBe(false)
    await other.reward(ada, "api", 3)
    await expect.poll(async () => (await service.checkRateLimit(ada, "api")).allowed, { timeout: 10_000 }).toBe(true)

    const bob = [{ subject: { userId: "bob" }, rule: "api", cost: 3 }]
    const taken = await other.takeRateLimits(bob)
    expect((await service.takeRateLimits(bob)).decision.allowed).toBe(false)
    await taken.giveBack()
    expect((await service.takeRateLimits(bob)).decision.allowed).toBe(true)
  })

  it("on a cluster subjects follow each other, and what was taken is given back when a later one denies", async () => {
    const { service } = await onCluster()
    const checks = [
      { subject: bob, rule: "api" },
      { subject: ada, rule: "quick" },
      { subject: bob, rule: "quick" },
    ] as const
    await service.block(ada, "quick", "1h")
    expect(await service.checkRateLimits(checks)).toMatchObject({ allowed: false, reason: "blocked" })
    for (const rule of ["api", "quick"] as const) expect((await service.getRateLimitStatus(bob, rule)).totalRequests).toBe(0)
    await service.resetRateLimit(ada, "quick")
    expect(await service.checkRateLimits(checks)).toMatchObject({ allowed: true })
    expect((await service.getRateLimitStatus(bob, "api")).totalRequests).toBe(1)
  })

  it("on a cluster nothing stays taken when a later subject cannot be asked", async () => {
    const { service, failNext } = await onCluster()
    failNext(2)
    const checks = [bob, ada].map((subject) => ({ subject, rule: "closed" }) as const)
    expect(await service.checkRateLimits(checks)).toMatchObject({ allowed: false, reason: "unavailable" })
    expect((await service.getRateLimitStatus(bob, "closed")).totalRequests).toBe(0)
  })

  it("on a cluster a denial stays one when a unit cannot be given back, and all the others are", async () => {
    const { service, failNext } = await onCluster()
    const cyd = { userId: "cyd" }
    await service.block(ada, "api", "1h")
    failNext(4)
    const checks = [bob, cyd, ada].map((subject) => ({ subject, rule: "api" }) as const)
    expect(await service.checkRateLimits(checks)).toMatchObject({ allowed: false, reason: "blocked" })
    const counted = await Promise.all([bob, cyd].map((subject) => service.getRateLimitStatus(subject, "api")))
    expect(counted.map(({ totalRequests }) => totalRequests)).toEqual([1, 0])
  })

  it("on a cluster the answer does not wait until a node that hangs gives a unit back, and the end of the service does", async () => {
    const { service, holdNext } = await onCluster()
    await service.block(ada, "api", "1h")
    const hanging = gate()
    holdNext(3, hanging.opened)
    const checks = [bob, ada].map((subject) => ({ subject, rule: "api" }) as const)
    expect(await service.checkRateLimits(checks)).toMatchObject({ allowed: false, reason: "blocked", judgedBy: "store" })
    expect((await service.getRateLimitStatus(bob, "api")).totalRequests).toBe(1)
    hanging.open()
    await expect.poll(async () => (await service.getRateLimitStatus(bob, "api")).totalRequests, { timeout: 10_000 }).toBe(0)

    await service.resetRateLimit(ada, "api")
    await service.block(ada, "api", "1h")
    const slow = gate()
    holdNext(3, slow.opened)
    await service.checkRateLimits(checks)
    let closed = false
    const closing = service.close().then(() => {
      closed = true
    })
    await new Promise(setImmediate)
    expect(closed).toBe(false)
    slow.open()
    await closing
  })

  it("on a cluster a subject with rules in shadow mode alone may be out of reach", async () => {
    const { service, failNext } = await onCluster()
    failNext(2)
    const checks = [{ subject: bob, rule: "closed" } as const, { subject: ada, rule: "shadow" } as const]
    expect(await service.checkRateLimits(checks)).toMatchObject({ allowed: true, rule: "closed", judgedBy: "store", totalRequests: 1 })
    failNext(1)
    expect(await service.checkRateLimits(checks.slice(1))).toMatchObject({ allowed: true, rule: "shadow", judgedBy: "policy" })
  })

  it("on a cluster the rule that denies is the one that is named, whatever was given back", async () => {
    const { service, events } = await onCluster()
    await service.checkRateLimit(ada, "brief")
    const denied = await service.checkRateLimits([
      { subject: bob, rule: "closed", cost: 3 },
      { subject: ada, rule: "brief" },
    ])
    expect(denied).toMatchObject({ allowed: false, rule: "brief", reason: "limit" })
    expect(events).toEqual([
      { type: "allowed", rule: "brief", judgedBy: "store" },
      { type: "allowed", rule: "closed", judgedBy: "store" },
      { type: "denied", rule: "brief", reason: "limit", judgedBy: "store" },
    ])
  })

  it("of leases nothing is taken as known: another process may release one at any time", async () => {
    const { service, keyPrefix } = await counted()
    const other = await counted(keyPrefix)
    const held = await other.service.acquireLease(ada, "jobs")
    expect((await service.acquireLease(ada, "jobs")).allowed).toBe(false)
    if (held.allowed) await held.release()
    expect((await service.acquireLease(ada, "jobs")).allowed).toBe(true)
  })

  describe.each(["node-redis", "ioredis"] as const)("a connection that is lost, through %s", (library) => {
    it.each(["cut-replies", "cut-requests"] as const)("never counts a check twice: %s", async (fault) => {
      const { port, url } = sharedServer(kind)
      const proxy = await startFaultProxy(port)
      const client =
        library === "ioredis"
          ? new IoRedis(proxy.url, { maxRetriesPerRequest: 0, retryStrategy: () => 5 }).on("error", () => undefined)
          : await createClient({ url: proxy.url, socket: { reconnectStrategy: () => 5 } })
              .on("error", () => undefined)
              .connect()
      onTestFinished(async () => {
        if (client instanceof IoRedis) client.disconnect()
        else client.destroy()
        await proxy.stop()
      })
      const keyPrefix = newPrefix()
      const service = await createRateLimitingService({ store: client, keyPrefix, rules, timeout: "5s" })
      const direct = await createRateLimitingService({ store: url, keyPrefix, rules })
      onTestFinished(() => direct.close())
      const counts: number[] = []
      for (const bytes of [0, 1, 40, 0, 1, 40]) {
        const subject = { key: randomUUID() }
        await expect.poll(async () => (await service.checkRateLimit({ key: "warm" }, "quick")).judgedBy, { timeout: 10_000 }).toBe("store")
        proxy.arm({ kind: fault, bytes })
        const { allowed, judgedBy } = await service.checkRateLimit(subject, "api")
        expect(allowed).toBe(true)
        const { totalRequests } = await direct.getRateLimitStatus(subject, "api")
        // The cut may strike the client's own greeting after a reconnect, and then the call is answered.
        if (judgedBy === "store") expect(totalRequests).toBe(1)
        else counts.push(totalRequests)
      }
      expect(counts.length).toBeGreaterThan(0)
      expect(counts.filter((count) => count > 1)).toEqual([])
      if (fault === "cut-replies") expect(counts).toContain(1)
    })
  })
})
