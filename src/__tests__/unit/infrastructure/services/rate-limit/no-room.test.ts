import { expect, it } from "vitest"
import { checkRules, findRule } from "../../../../../domain/rate-limit/rules.js"
import { MemoryRateLimits } from "../../../../../infrastructure/services/rate-limit/MemoryRateLimits.js"

const rules = checkRules({
  gcra: { limit: 2, window: "1h" },
  log: { algorithm: "sliding-log", limit: 2, window: "1h" },
  counter: { algorithm: "sliding-counter", limit: 2, window: "1h" },
  fixed: { algorithm: "fixed-window", limit: 2, window: "1h" },
  jobs: { algorithm: "concurrency", limit: 1, lease: "1h" },
})
/** Begins an hour, so that no window ends meanwhile. */
const NOW = 1_800_000_000_000

/** A store without room, and what may be asked of it. `leave`: there is room for one more beside the shared count. */
async function full(name: string) {
  const rule = findRule(rules, name)
  const limits = new MemoryRateLimits({ now: () => NOW }, 2)
  const occupants = ["one", "two"].map((subject) => ({ subject, rule: findRule(rules, "log"), cost: 1 }))
  const enter = () => limits.take(occupants)
  await enter()
  const claim = (subject: string) => ({ subject, rule, cost: 1 })
  const take = async (subject: string) => (await limits.take([claim(subject)]))[0]
  const giveBack = (subject: string, until: number | null) => limits.adjust([{ ...claim(subject), cost: -1, until }])
  const leave = () => Promise.all(occupants.map((occupant) => limits.reset(occupant)))
  return { limits, claim, take, giveBack, enter, leave }
}

it.each(["gcra", "log", "counter", "fixed"])("of the shared count of %s nothing is given back, whoever asks", async (name) => {
  const { limits, claim, take, giveBack } = await full(name)
  const [first] = [await take("ada"), await take("bob")]
  expect((await take("cyd"))?.taken).toBe(false)
  await giveBack("ada", (first?.at ?? 0) + (first?.ends ?? 0))
  await giveBack("dan", null)
  await limits.reset(claim("bob"))
  for (const subject of ["ada", "bob", "cyd"]) expect((await take(subject))?.taken).toBe(false)
  expect(await limits.look(claim("eve"))).toMatchObject({ used: 2 })
})

it("a penalty and a block of one without room are those of all", async () => {
  const { limits, claim, take } = await full("gcra")
  await limits.adjust([{ ...claim("ada"), until: null }])
  expect([(await take("bob"))?.taken, (await take("cyd"))?.taken]).toEqual([true, false])
  await limits.block(claim("ada"), 1_000_000)
  expect((await take("dan"))?.blockedFor).toBe(1_000_000)
})

it("whoever gets room has its limit once more, and the others have nothing of it", async () => {
  const { limits, claim, take, giveBack, leave } = await full("log")
  const [first] = [await take("ada"), await take("ada")]
  await leave()
  expect([(await take("ada"))?.taken, (await take("ada"))?.taken, (await take("ada"))?.taken]).toEqual([true, true, false])
  await giveBack("ada", (first?.at ?? 0) + (first?.ends ?? 0))
  expect((await limits.look(claim("bob"))).used).toBe(2)
  expect((await take("bob"))?.taken).toBe(false)
})

it("a lease is renewed and released where it was made, though its subject got room", async () => {
  const { limits, claim, enter, leave } = await full("jobs")
  expect((await limits.hold(claim("ada"), "a", false)).taken).toBe(true)
  expect((await limits.hold(claim("bob"), "b", false)).taken).toBe(false)
  await leave()
  expect((await limits.hold(claim("ada"), "a", true)).taken).toBe(true)
  await limits.release(claim("ada"), "a")
  await enter()
  expect((await limits.hold(claim("bob"), "b", false)).taken).toBe(true)
})
