import { setImmediate as turn } from "node:timers/promises"
import { expect, it } from "vitest"
import { type ClaimSender, TurnBatch } from "../../../../infrastructure/redis/TurnBatch.js"

interface Sent {
  readonly claims: readonly string[]
  readonly signal: AbortSignal | undefined
  answer(error?: Error): void
}

function heldSender() {
  const sent: Sent[] = []
  const send = (claims: readonly string[], signal: AbortSignal | undefined): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      sent.push({ claims, signal, answer: (error) => (error ? reject(error) : resolve(claims.map((claim) => `${claim}!`))) })
    })
  const sender: ClaimSender<string, string> = { one: async (claim, signal) => (await send([claim], signal))[0] ?? "", many: send }
  return { sent, sender }
}

it("sends a lone claim at once, and gathers those of a turn while one is under way, a step a turn", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 3)
  const first = batch.add("a")
  await Promise.resolve()
  const others = Promise.all([batch.add("b"), batch.add("c"), batch.add("d"), batch.add("e")])
  await Promise.resolve()
  expect(sent.map(({ claims }) => claims)).toEqual([["a"]])
  await turn()
  expect(sent.map(({ claims }) => claims)).toEqual([["a"], ["b", "c", "d"]])
  await turn()
  expect(sent.map(({ claims }) => claims)).toEqual([["a"], ["b", "c", "d"], ["e"]])
  for (const { answer } of sent) answer()
  expect([await first, ...(await others)]).toEqual(["a!", "b!", "c!", "d!", "e!"])
})

it("sends all in one turn where none can travel with another", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 1)
  for (const claim of ["a", "b", "c"]) void batch.add(claim)
  await Promise.resolve()
  expect(sent.map(({ claims }) => claims)).toEqual([["a"], ["b"], ["c"]])
})

it("gives an error to all that shared a step, and to nobody else", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 2)
  const all = Promise.allSettled(["a", "b", "c"].map((claim) => batch.add(claim)))
  for (let turns = 0; turns < 2; turns += 1) await turn()
  sent[0]?.answer(new Error("lost"))
  sent[1]?.answer()
  expect((await all).map(({ status }) => status)).toEqual(["rejected", "rejected", "fulfilled"])
})

it("never sends the claim of a caller who went away before", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 2)
  const leaving = new AbortController()
  const mine = batch.add("mine", leaving.signal)
  void batch.add("theirs")
  leaving.abort(new Error("gone"))
  await expect(mine).rejects.toThrow("gone")
  expect(sent.map(({ claims }) => claims)).toEqual([["theirs"]])
})

it("sends nothing at all when everybody went away", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 2)
  await expect(batch.add("mine", AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone")
  expect(sent).toEqual([])
})

it("ends a step when all of its callers went away, and not before", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 3)
  const [one, other] = [new AbortController(), new AbortController()]
  for (const { signal } of [one, other]) void batch.add("x", signal)
  await Promise.resolve()
  one.abort(new Error("one"))
  expect(sent[0]?.signal?.aborted).toBe(false)
  other.abort(new Error("other"))
  expect(sent[0]?.signal?.aborted).toBe(true)
  expect(sent[0]?.signal?.reason).toBe(other.signal.reason)
})

it("tells each caller of a step that ended with their waits what ended its own", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 3)
  const waits = [new AbortController(), new AbortController(), new AbortController()]
  const all = Promise.allSettled(waits.map(({ signal }, at) => batch.add(`${at}`, signal)))
  await Promise.resolve()
  for (const at of [1, 0, 2]) waits[at]?.abort(new Error(`the end of ${at}`))
  sent[0]?.answer(sent[0].signal?.reason)
  expect((await all).map((one) => one.status === "rejected" && one.reason.message)).toEqual(["the end of 0", "the end of 1", "the end of 2"])
})

it("tells all callers of a step what became of it, where they went away but that came first", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 3)
  const waits = [new AbortController(), new AbortController()]
  const all = Promise.allSettled(waits.map(({ signal }, at) => batch.add(`${at}`, signal)))
  await Promise.resolve()
  for (const one of waits) one.abort(new Error("gone"))
  sent[0]?.answer(new Error("lost"))
  expect((await all).map((one) => one.status === "rejected" && one.reason.message)).toEqual(["lost", "lost"])
})

it("does not end a step whose callers include one who always waits", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 3)
  const one = new AbortController()
  void batch.add("x", one.signal)
  void batch.add("y")
  await Promise.resolve()
  expect(sent[0]?.signal).toBeUndefined()
})

it("passes the one signal of all callers on as it is", async () => {
  const { sent, sender } = heldSender()
  const batch = new TurnBatch(sender, 3)
  const { signal } = new AbortController()
  void batch.add("x", signal)
  void batch.add("y", signal)
  await Promise.resolve()
  expect(sent[0]?.signal).toBe(signal)
})
