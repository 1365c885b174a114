import {
  type CountingRule,
  createRateLimitingService,
  type OwnedRateLimitingService,
  type RateLimitDecision,
  type RateLimitRules,
  type Subject,
} from "coatcheck/rate-limit"
import type { RawClient } from "../sessions/raw-client.js"
import { type ClientName, limitTarget } from "../targets/targets.js"
import { forEachKey, type Keys, keyAt } from "./keys.js"
import type { LimitCase } from "./limit-case.js"

const ALGORITHMS = ["fixed-window", "gcra", "sliding-counter", "sliding-log"] as const
type Algorithm = (typeof ALGORITHMS)[number]

/** A log admits no more than this in its window, which one key alone would use up. */
const LONGEST_LOG = 100

/** A busy machine should make figures worse, not end the run. */
const PATIENCE = "30s"

/** The rules that the rows use. What is allowed has so much room that no measurement uses it up; a unit still counts when its key's turn comes again. */
function rulesFor({ names }: Keys): RateLimitRules {
  const roomy = names.length === 1 ? ({ limit: 1_000_000, window: "1s" } as const) : ({ limit: 10_000, window: "1h" } as const)
  const allowed = (algorithm: Algorithm): CountingRule =>
    algorithm === "sliding-log" ? { algorithm, limit: LONGEST_LOG, window: "1s" } : { algorithm, ...roomy }
  const denied = (algorithm: Algorithm): CountingRule => ({ algorithm, limit: algorithm === "sliding-log" ? LONGEST_LOG : 1_000_000, window: "30d" })
  return {
    ...Object.fromEntries(ALGORITHMS.flatMap((algorithm) => [[algorithm, allowed(algorithm)] as const, [`${algorithm}-denied`, denied(algorithm)] as const])),
    concurrency: { algorithm: "concurrency", limit: 1_000, lease: "1m" },
    blocked: { limit: 100, window: "1m" },
    exhausted: { limit: 100, window: "30d" },
  }
}

/** Rows over one client. */
export async function oursOn({ name, client }: RawClient, keys: Keys): Promise<readonly LimitCase[]> {
  const open = () => createRateLimitingService({ store: client, rules: rulesFor(keys), timeout: PATIENCE })
  return [...decisions(await open(), keys, name), ...known(await open(), await open(), keys, name)]
}

/** Rows without a server. */
export async function oursAt(url: string, keys: Keys): Promise<readonly LimitCase[]> {
  const where = url.startsWith("sqlite:") ? "SQLite" : "memory"
  const limits = await createRateLimitingService({ store: url, rules: rulesFor(keys) })
  return decisions(limits, keys).map((one) => ({ ...one, name: `${where}: ${one.name}` }))
}

/** @param client over which a store is asked by a round trip */
function decisions(limits: OwnedRateLimitingService, keys: Keys, client?: ClientName): readonly LimitCase[] {
  const subjects: readonly Subject[] = keys.names.map((key) => ({ key }))
  const subjectAt = (at: number): Subject => subjects[at % subjects.length] ?? { key: "" }
  const allowed = ALGORITHMS.filter((algorithm) => algorithm !== "sliding-log" || keys.names.length > 1).map((algorithm): LimitCase => {
    const work = { call: (at: number) => limits.checkRateLimit(subjectAt(at), algorithm), isRight: isAllowed }
    return { name: `${algorithm}, allowed`, work, target: client && limitTarget(algorithm, client, keys.names.length) }
  })
  const denied = ALGORITHMS.map((algorithm): LimitCase => {
    const rule = `${algorithm}-denied`
    const costAt = askedCosts(algorithm === "sliding-log" ? LONGEST_LOG : 1_000_000, keys)
    return {
      name: `${algorithm}, denied${client === undefined ? "" : " by the store"}`,
      work: {
        prepare: () => forEachKey(keys, (key) => limits.penalize({ key }, rule, costAt(0))),
        call: (at) => limits.checkRateLimit(subjectAt(at), rule, { cost: costAt(at) }),
        isRight: isDenied,
      },
      asksStore: client !== undefined,
    }
  })
  return [...allowed, ...denied, lease(limits, keys)]
}

/** Rows of what a process answers by itself, since it was told before. Each has a service of its own: a process remembers so many denials, whatever they are of. */
function known(blocking: OwnedRateLimitingService, exhausting: OwnedRateLimitingService, keys: Keys, client: ClientName): readonly LimitCase[] {
  const blocked = (key: string) => blocking.checkRateLimit({ key }, "blocked")
  const exhausted = (key: string) => exhausting.checkRateLimit({ key }, "exhausted")
  const blockedRow: LimitCase = {
    name: "known to be blocked",
    work: {
      prepare: async () => {
        await forEachKey(keys, (key) => blocking.block({ key }, "blocked", "1d"))
        await forEachKey(keys, blocked)
      },
      call: (at) => blocked(keyAt(keys, at)),
      isRight: isDenied,
    },
    target: limitTarget("known", client, keys.names.length),
  }
  // Of many keys none is asked for twice within one slice, and before the next slice what was known of it has run out: that row would be "denied by the store" once more.
  if (keys.names.length > 1) return [blockedRow]
  return [
    blockedRow,
    {
      name: "used up, known here for up to a second",
      work: {
        prepare: () => forEachKey(keys, (key) => exhausting.penalize({ key }, "exhausted", 100)),
        call: (at) => exhausted(keyAt(keys, at)),
        isRight: isDenied,
      },
    },
  ]
}

/** Two round trips. */
function lease(limits: OwnedRateLimitingService, keys: Keys): LimitCase {
  const call = async (at: number) => {
    const lease = await limits.acquireLease({ key: keyAt(keys, at) }, "concurrency")
    if (lease.allowed) await lease.release()
    return lease
  }
  return { name: "concurrency, acquire and release", work: { call, isRight: ({ allowed }: { readonly allowed: boolean }) => allowed } }
}

/**
 * A process remembers what it was denied, and knows by that what costs the same. So each call asks for less than the one before it, until so few are left that they may fit.
 */
function askedCosts(capacity: number, keys: Keys): (at: number) => number {
  const least = Math.floor(capacity / 100)
  return (at) => capacity - (Math.floor(at / keys.names.length) % (capacity - least))
}

function isAllowed({ allowed, judgedBy }: RateLimitDecision): boolean {
  return allowed && judgedBy === "store"
}

function isDenied(decision: RateLimitDecision): boolean {
  return !decision.allowed && decision.reason !== "unavailable"
}
