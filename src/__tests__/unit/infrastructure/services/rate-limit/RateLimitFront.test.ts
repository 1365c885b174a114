import { describe, expect, it, vi } from "vitest"
import { SessionError } from "../../../../../domain/errors.js"
import type { RateLimitEvent } from "../../../../../domain/interfaces/ports.js"
import { MemoryRateLimits } from "../../../../../infrastructure/services/rate-limit/MemoryRateLimits.js"
import { RateLimitFront } from "../../../../../infrastructure/services/rate-limit/RateLimitFront.js"

const rules = {
  closed: { limit: 3, window: "1h" },
  open: { limit: 3, window: "1h", onOutage: "open" },
  local: { algorithm: "sliding-log", limit: 3, window: "1h", onOutage: "local" },
  other: { algorithm: "sliding-log", limit: 2, window: "1h", onOutage: "local" },
  shadow: { limit: 3, window: "1h", shadow: true },
  jobs: { algorithm: "concurrency", limit: 1, lease: "1h" },
  openJobs: { algorithm: "concurrency", limit: 1, lease: "1h", onOutage: "open" },
  localJobs: { algorithm: "concurrency", limit: 1, lease: "1h", onOutage: "local" },
} as const
const ada = { userId: "ada" }
const away = new SessionError("ERR_STORE_UNAVAILABLE", "Expected a connection, got none.")

/** A service whose store can be sent away; `store` records what is asked of it. */
function outage(timeout: "50ms" | "5s" = "5s") {
  const memory = new MemoryRateLimits(Date)
  const state: { answer: (() => Promise<never>) | null } = { answer: () => Promise.reject(away) }
  const asked = vi.fn<(name: string) => void>()
  const store = new Proxy(memory, {
    get(target, name: keyof MemoryRateLimits) {
      if (name === "takeAtOnce") return () => null
      return (...args: never[]) => {
        asked(name)
        const run = target[name] as (...given: never[]) => Promise<unknown>
        return state.answer === null || name === "close" ? run.apply(target, args) : state.answer()
      }
    },
  })
  const events: RateLimitEvent[] = []
  const service = new RateLimitFront(store, { rules, timeout, onEvent: (event) => events.push(event) })
  return { service, state, asked, events, timesAsked: (name: string) => asked.mock.calls.filter(([one]) => one === name).length }
}

describe("without its store", () => {
  it("a rule denies, unless it says otherwise", async () => {
    const { service, events } = outage()
    const denied = await service.checkRateLimit(ada, "closed")
    expect(denied).toMatchObject({ allowed: false, reason: "unavailable", retryAfter: 1, remaining: 0, judgedBy: "policy", rule: "closed", limit: 3 })
    expect(events).toEqual([
      { type: "outage", rule: "closed", onOutage: "closed" },
      { type: "denied", rule: "closed", reason: "unavailable", judgedBy: "policy" },
    ])
    expect(await service.getRateLimitStatus(ada, "closed")).toMatchObject({ allowed: false, reason: "unavailable" })
    for (const rule of ["open", "shadow"] as const) expect(await service.checkRateLimit(ada, rule)).toMatchObject({ allowed: true, judgedBy: "policy" })
  })

  it("a local rule counts in this process, and no more than the rule allows", async () => {
    const { service, state } = outage()
    const answers = []
    for (let calls = 0; calls < 5; calls += 1) answers.push(await service.checkRateLimit(ada, "local"))
    expect(answers.map(({ allowed, judgedBy }) => [allowed, judgedBy])).toEqual([...Array(3).fill([true, "local"]), ...Array(2).fill([false, "local"])])
    expect(await service.getRateLimitStatus(ada, "local")).toMatchObject({ allowed: false, totalRequests: 3, judgedBy: "local" })
    expect((await service.checkRateLimit({ userId: "bob" }, "local")).remaining).toBe(2)
    await expect(service.resetRateLimit(ada, "local")).rejects.toBe(away)
    expect((await service.checkRateLimit(ada, "local")).remaining).toBe(2)
    state.answer = null
    expect(await service.checkRateLimit(ada, "local")).toMatchObject({ remaining: 2, judgedBy: "store" })
  })

  it("of several rules the closed one denies, and then nothing is counted here", async () => {
    const { service } = outage()
    const both = [
      { subject: ada, rule: "local" },
      { subject: ada, rule: "closed" },
    ] as const
    for (let calls = 0; calls < 3; calls += 1) expect(await service.checkRateLimits(both)).toMatchObject({ allowed: false, rule: "closed" })
    expect(await service.getRateLimitStatus(ada, "local")).toMatchObject({ remaining: 3 })
    expect(
      await service.checkRateLimits([
        { subject: ada, rule: "local" },
        { subject: ada, rule: "open" },
      ]),
    ).toMatchObject({ allowed: true, rule: "local", remaining: 2 })
  })

  it("of several rules each that is decided says so once, and of one that is not nothing is said", async () => {
    const { service, events } = outage()
    const told = async (...checks: readonly (readonly [rule: "closed" | "open" | "local" | "other" | "shadow", userId: string])[]) => {
      await service.checkRateLimits(checks.map(([rule, userId]) => ({ rule, subject: { userId } })))
      return events.splice(0).map(({ type, rule }) => `${type} ${rule}`)
    }
    expect(await told(["local", "ada"], ["closed", "ada"])).toEqual(["outage closed", "denied closed"])
    expect(await told(["closed", "ada"], ["local", "ada"], ["open", "ada"])).toEqual(["outage closed", "outage open", "denied closed", "allowed open"])
    expect(await told(["local", "ada"], ["open", "ada"], ["shadow", "ada"])).toEqual([
      ...["outage local", "outage open", "outage shadow"],
      ...["allowed local", "allowed open", "allowed shadow"],
    ])
    // Two of one rule's and the same subject's are one, those of two subjects are two.
    expect(await told(["other", "ada"], ["other", "ada"])).toEqual(["outage other", "allowed other"])
    expect(await told(["other", "ada"], ["other", "bob"])).toEqual(["outage other", "outage other", "denied other", "allowed other"])
    expect(await told(["local", "bob"], ["other", "ada"])).toEqual(["outage local", "outage other", "allowed local", "denied other"])
  })

  it("subjects that find no room here share one count", async () => {
    const { service } = outage()
    for (let subjects = 0; subjects < 10_000; subjects += 1) await service.checkRateLimit({ key: `k${subjects}` }, "local")
    const allowed = []
    for (let subjects = 0; subjects < 5; subjects += 1) allowed.push((await service.checkRateLimit({ key: `more${subjects}` }, "local")).allowed)
    expect(allowed).toEqual([true, true, true, false, false])
    expect((await service.checkRateLimit({ key: "k0" }, "local")).allowed).toBe(true)
  }, 60_000)

  it("a lease is denied, given without being counted, or counted here", async () => {
    const { service } = outage()
    expect(await service.acquireLease(ada, "jobs")).toMatchObject({ allowed: false, reason: "unavailable" })
    for (let calls = 0; calls < 2; calls += 1) {
      const free = await service.acquireLease(ada, "openJobs")
      expect(free).toMatchObject({ allowed: true, judgedBy: "policy" })
      if (free.allowed) expect([await free.renew(), await free.release()]).toEqual([true, undefined])
    }
    const held = await service.acquireLease(ada, "localJobs")
    expect(await service.acquireLease(ada, "localJobs")).toMatchObject({ allowed: false, reason: "limit", judgedBy: "local" })
    if (held.allowed) await held.release()
    expect((await service.acquireLease(ada, "localJobs")).allowed).toBe(true)
  })

  it("what is no check fails with the store's error", async () => {
    const { service } = outage()
    for (const call of [
      service.reward(ada, "closed"),
      service.penalize(ada, "closed"),
      service.block(ada, "closed", "1h"),
      service.resetRateLimit(ada, "closed"),
    ])
      await expect(call).rejects.toBe(away)
  })
})

describe("a store that does not answer", () => {
  it("is waited for until the deadline, and asked once", async () => {
    const { service, state, timesAsked } = outage("50ms")
    state.answer = () => new Promise(() => undefined)
    expect(await service.checkRateLimit(ada, "closed")).toMatchObject({ allowed: false, reason: "unavailable" })
    expect(await service.checkRateLimit(ada, "open")).toMatchObject({ allowed: true })
    expect(await service.checkRateLimit(ada, "local")).toMatchObject({ allowed: true, judgedBy: "local" })
    expect(timesAsked("take")).toBe(3)
    await expect(service.reward(ada, "closed")).rejects.toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "unknown" })
    expect(timesAsked("adjust")).toBe(1)
  })

  it("may hold a lease that nobody got: it is given back", async () => {
    const { service, state, timesAsked } = outage("50ms")
    state.answer = () => new Promise(() => undefined)
    expect(await service.acquireLease(ada, "jobs")).toMatchObject({ allowed: false, reason: "unavailable" })
    expect([timesAsked("hold"), timesAsked("release")]).toEqual([1, 1])
    state.answer = () => Promise.reject(away)
    await service.acquireLease(ada, "jobs")
    expect(timesAsked("release")).toBe(1)
  })
})

describe("a lease", () => {
  it("can be given back again where that failed, and is not renewed meanwhile", async () => {
    const { service, state, timesAsked } = outage()
    state.answer = null
    const lease = await service.acquireLease(ada, "jobs")
    if (!lease.allowed) return expect.unreachable()
    state.answer = () => Promise.reject(away)
    await lease.release()
    expect(await lease.renew()).toBe(false)
    state.answer = null
    expect(await service.acquireLease(ada, "jobs")).toMatchObject({ allowed: false })
    await Promise.all([lease.release(), lease.release()])
    expect(timesAsked("release")).toBe(2)
    expect(await service.acquireLease(ada, "jobs")).toMatchObject({ allowed: true })
    await lease.release()
    expect(timesAsked("release")).toBe(2)
  })

  it("is given back while no further call is taken", async () => {
    const { service, state, timesAsked } = outage("50ms")
    state.answer = null
    const lease = await service.acquireLease(ada, "jobs")
    if (!lease.allowed) return expect.unreachable()
    state.answer = () => new Promise(() => undefined)
    const waiting = Array.from({ length: 4_001 }, () => service.checkRateLimit(ada, "closed"))
    void lease.release()
    expect(timesAsked("release")).toBe(1)
    expect((await Promise.all(waiting)).every(({ allowed }) => !allowed)).toBe(true)
  })

  it("whose answer was lost is given back once more where that fails", async () => {
    const { service, state, timesAsked } = outage()
    const lost = new SessionError("ERR_STORE_TIMEOUT", "Expected an answer in time.")
    state.answer = () => Promise.reject(lost)
    await service.acquireLease(ada, "jobs")
    await vi.waitFor(() => expect(timesAsked("release")).toBe(2))
  })
})

describe("a caller who goes away", () => {
  /** What a caller may abort with: also an error like those that the store itself has. */
  const storeLike = () => new SessionError("ERR_STORE_UNAVAILABLE", "Expected an upstream service, got none.")
  type Call = (service: ReturnType<typeof outage>["service"], signal: AbortSignal) => Promise<unknown>
  const CALLS: Readonly<Record<string, Call>> = Object.fromEntries(
    (["closed", "open", "local"] as const).flatMap((rule): [string, Call][] => {
      const jobs = ({ closed: "jobs", open: "openJobs", local: "localJobs" } as const)[rule]
      return [
        [`checkRateLimit, ${rule}`, (service, signal) => service.checkRateLimit(ada, rule, { signal })],
        [`checkRateLimits, ${rule}`, (service, signal) => service.checkRateLimits([{ subject: ada, rule }], { signal })],
        [`getRateLimitStatus, ${rule}`, (service, signal) => service.getRateLimitStatus(ada, rule, { signal })],
        [`acquireLease, ${rule}`, (service, signal) => service.acquireLease(ada, jobs, { signal })],
      ]
    }),
  )

  it.each(Object.entries(CALLS))("is told why, and it is no outage, whatever the reason is: %s", async (_name, call) => {
    const { service, state, asked, events } = outage()
    state.answer = () => new Promise(() => undefined)
    const caller = new AbortController()
    const reason = storeLike()
    const told = expect(call(service, caller.signal)).rejects.toBe(reason)
    await vi.waitFor(() => expect(asked).toHaveBeenCalled())
    caller.abort(reason)
    await told
    expect(events).toEqual([])
    state.answer = () => Promise.reject(away)
    for (const rule of ["local", "localJobs"] as const) expect(await service.getRateLimitStatus(ada, rule)).toMatchObject({ totalRequests: 0 })
  })

  it.each<[string, unknown]>([
    ["an error of the store's kind", storeLike()],
    ["one that leaves things in doubt", new SessionError("ERR_STORE_TIMEOUT", "Expected an answer in time.")],
    ["an error of the library that is not the store's", new SessionError("ERR_NOT_PERMITTED", "Not permitted: this.")],
    ["an error of its own", new Error("gone")],
    ["no error at all", "gone"],
  ])("with %s leaves no lease behind that was asked for", async (_kind, reason) => {
    const { service, state, timesAsked } = outage()
    state.answer = () => new Promise(() => undefined)
    const caller = new AbortController()
    const told = expect(service.acquireLease(ada, "jobs", { signal: caller.signal })).rejects.toBe(reason)
    await vi.waitFor(() => expect(timesAsked("hold")).toBe(1))
    caller.abort(reason)
    await told
    expect(timesAsked("release")).toBe(1)
  })
})

it("an error that is not the store's is the caller's, and no policy hides it", async () => {
  const { service, state } = outage()
  const broken = new TypeError("a mistake")
  state.answer = () => Promise.reject(broken)
  await expect(service.checkRateLimit(ada, "open")).rejects.toBe(broken)
  await service.close()
  await expect(service.checkRateLimit(ada, "open")).rejects.toMatchObject({ code: "ERR_CLOSED" })
})
