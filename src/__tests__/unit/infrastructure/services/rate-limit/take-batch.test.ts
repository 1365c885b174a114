import { setImmediate as turn } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import type { Judgement } from "../../../../../domain/rate-limit/record.js"
import { checkRules } from "../../../../../domain/rate-limit/rules.js"
import type { PlacedClaim } from "../../../../../infrastructure/services/rate-limit/rate-limit-store.js"
import { TakeBatch } from "../../../../../infrastructure/services/rate-limit/take-batch.js"

const [rule] = checkRules({ api: { limit: 1_000, window: "1h" } }).values()

function claimsOf(...subjects: readonly string[]): readonly PlacedClaim[] {
  if (rule === undefined) throw new Error("expected a rule")
  return subjects.map((subject) => ({ subject, rule, cost: 1 }))
}

/** A batch, and what it sent: the subjects of each call, trip by trip. Each claim's judgement has its place in the trip as `used`. */
function recorded(fate: (trip: number) => Promise<void> = async () => undefined) {
  const trips: string[][][] = []
  const batch = new TakeBatch(async (calls) => {
    trips.push(calls.map(({ claims }) => claims.map(({ subject }) => subject)))
    await fate(trips.length)
    let used = 0
    return calls.map(({ claims }) => claims.map((): Judgement => ({ at: 1, taken: true, blockedFor: 0, wait: 0, used: used++, ends: 0 })))
  })
  return { batch, trips }
}

describe("claims of one turn", () => {
  it("travel together, and each call gets its own judgements", async () => {
    const { batch, trips } = recorded()
    const answers = await Promise.all([
      batch.take(claimsOf("a"), false, undefined),
      batch.take(claimsOf("b", "c"), false, undefined),
      batch.take(claimsOf("a"), false, undefined),
    ])
    expect(trips).toEqual([[["a"], ["b", "c"], ["a"]]])
    expect(answers.map((judgements) => judgements.map(({ used }) => used))).toEqual([[0], [1, 2], [3]])
  })

  it("are more than one trip when they are many, and those of one call stay together", async () => {
    const { batch, trips } = recorded()
    const calls = Array.from({ length: 25 }, (_, at) => batch.take(claimsOf(`${at}a`, `${at}b`, `${at}c`), false, undefined))
    await Promise.all(calls)
    expect(trips.map((trip) => trip.length)).toEqual([10, 10, 5])
    expect(trips.flat(2)).toHaveLength(75)
  })

  it("of the next turn wait for no answer", async () => {
    const { batch, trips } = recorded(() => new Promise(() => undefined))
    void batch.take(claimsOf("a"), false, undefined)
    await turn()
    void batch.take(claimsOf("b"), false, undefined)
    await turn()
    expect(trips).toEqual([[["a"]], [["b"]]])
  })
})

it("a call that nobody waits for any more is never sent, and its neighbours are", async () => {
  const { batch, trips } = recorded()
  const away = new AbortController()
  const reason = new Error("went away")
  const left = batch.take(claimsOf("a"), false, away.signal)
  const stays = batch.take(claimsOf("b"), false, new AbortController().signal)
  away.abort(reason)
  await expect(left).rejects.toBe(reason)
  expect(await stays).toHaveLength(1)
  expect(trips).toEqual([[["b"]]])
})

it("nothing is sent when all went away", async () => {
  const { batch, trips } = recorded()
  const left = batch.take(claimsOf("a"), false, AbortSignal.abort("gone"))
  await expect(left).rejects.toBe("gone")
  await turn()
  expect(trips).toEqual([])
})

it("what becomes of a trip becomes of its calls, and of no others", async () => {
  const lost = new Error("lost")
  const { batch } = recorded(async (trip) => {
    if (trip === 1) throw lost
  })
  const calls = Array.from({ length: 40 }, (_, at) =>
    batch.take(claimsOf(`${at}`), false, undefined).then(
      () => "answered",
      (error: unknown) => error,
    ),
  )
  const fates = await Promise.all(calls)
  expect(fates.filter((fate) => fate === lost)).toHaveLength(32)
  expect(fates.filter((fate) => fate === "answered")).toHaveLength(8)
})
