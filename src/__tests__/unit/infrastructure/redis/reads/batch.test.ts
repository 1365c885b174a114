import { nextTick } from "node:process"
import { setImmediate as turn } from "node:timers/promises"
import { expect, it } from "vitest"
import { ReadBatch } from "../../../../../infrastructure/redis/reads/batch.js"
import { Traffic } from "../../../../../infrastructure/redis/Traffic.js"

/** Lets all run that can before the event loop goes on. */
const nextTicks = (): Promise<void> => new Promise((resolve) => nextTick(() => nextTick(resolve)))

/** A store that answers when it is told to. `sent` holds the keys of each command. */
function heldStore(singleNode = true) {
  const sent: string[][] = []
  const answers: (() => void)[] = []
  const lost = new Set<string>()
  const mget = (keys: readonly string[]): Promise<readonly (string | null)[]> => {
    sent.push([...keys])
    return new Promise((resolve, reject) => {
      answers.push(() => (keys.some((key) => lost.has(key)) ? reject(new Error("lost")) : resolve(keys.map((key) => (key === "none" ? null : key)))))
    })
  }
  const get = async (key: string): Promise<string | null> => (await mget([key]))[0] ?? null
  const answer = (most = answers.length): void => {
    for (const give of answers.splice(0, most)) give()
  }
  return { singleNode, get, mget, sent, lost, answer }
}

const batchOn = (store: ReturnType<typeof heldStore>) =>
  new ReadBatch(store, (place: string, text: string) => {
    if (place === "unreadable") throw new Error("unreadable")
    return { place, text }
  })
const keysOf = (count: number, name = "k"): string[] => Array.from({ length: count }, (_, at) => `${name}${at}`)

it("sends a read that is alone as soon as the code that asked has run, with all others that it asked for", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  for (const key of keysOf(3)) void reads.get(key, key)
  expect(store.sent).toEqual([])
  await Promise.resolve()
  expect(store.sent).toEqual([["k0", "k1", "k2"]])
})

it("gathers what a turn asks for while an answer is awaited", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  void reads.get("first", "first")
  await Promise.resolve()
  void reads.get("a", "a")
  await Promise.resolve()
  void reads.get("b", "b")
  await Promise.resolve()
  expect(store.sent).toEqual([["first"]])
  await turn()
  expect(store.sent).toEqual([["first"], ["a", "b"]])
})

it("asks for 32 keys at a time, once a turn", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  for (const key of keysOf(80)) void reads.get(key, key)
  const sizes = (): number[] => store.sent.map(({ length }) => length)
  await Promise.resolve()
  expect(sizes()).toEqual([32])
  await turn()
  expect(sizes()).toEqual([32, 32])
  await turn()
  expect(sizes()).toEqual([32, 32, 16])
  expect(store.sent.flat()).toEqual(keysOf(80))
})

it("lets those who read again upon an answer go on while others are under way, and those who ask by themselves at the turn's end", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  const again = keysOf(10).map((key) => reads.get(key, key).then(() => reads.get(`${key} again`, `${key} again`)))
  await Promise.resolve()
  void reads.get("later", "later")
  await turn()
  void Promise.allSettled(again)
  const sizes = (): number[] => store.sent.map(({ length }) => length)
  expect(sizes()).toEqual([10, 1])
  store.answer(1)
  await nextTicks()
  expect(sizes()).toEqual([10, 1, 10])
  for (const key of keysOf(20, "own")) void reads.get(key, key)
  await nextTicks()
  expect(sizes()).toEqual([10, 1, 10])
  await turn()
  expect(sizes()).toEqual([10, 1, 10, 20])
})

it("waits for the turn's end where something else is under way that the same callers wait for", async () => {
  const store = heldStore()
  const traffic = new Traffic()
  const reads = new ReadBatch(store, (_place: string, text: string) => text, traffic)
  traffic.begun()
  void reads.get("a", "a")
  await nextTicks()
  void reads.get("b", "b")
  expect(store.sent).toEqual([])
  await turn()
  expect(store.sent).toEqual([["a", "b"]])
  traffic.ended()
  store.answer()
  await turn()
  void reads.get("c", "c")
  await Promise.resolve()
  expect(store.sent).toEqual([["a", "b"], ["c"]])
})

it("on a cluster asks for each key by itself, all in one turn", async () => {
  const store = heldStore(false)
  const reads = batchOn(store)
  for (const key of keysOf(100)) void reads.get(key, key)
  await Promise.resolve()
  expect(store.sent).toEqual(keysOf(100).map((key) => [key]))
})

it("lets reads of one key share a fetch, and makes an answer for each", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  const both = Promise.all([reads.get("mine", "k"), reads.get("theirs", "k")])
  await Promise.resolve()
  expect(store.sent).toEqual([["k"]])
  store.answer()
  const [mine, theirs] = await both
  expect([mine, theirs]).toEqual([
    { place: "mine", text: "k" },
    { place: "theirs", text: "k" },
  ])
})

it("never lets a read join a fetch that was sent before it", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  void reads.get("old", "k")
  await Promise.resolve()
  void reads.get("new", "k")
  await turn()
  expect(store.sent).toEqual([["k"], ["k"]])
})

it("answers null for what is not there, and fails for one that cannot read its value", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  const all = Promise.allSettled([reads.get("a", "a"), reads.get("unreadable", "b"), reads.get("none", "none"), reads.get("c", "c")])
  await Promise.resolve()
  store.answer()
  expect((await all).map((one) => (one.status === "fulfilled" ? (one.value?.text ?? null) : "failed"))).toEqual(["a", "failed", null, "c"])
})

it("fails those whose fetch was lost, sharers too, and no others", async () => {
  const store = heldStore()
  store.lost.add("k40")
  const reads = batchOn(store)
  const all = Promise.allSettled([...keysOf(64).map((key) => reads.get(key, key)), reads.get("shared", "k40")])
  for (let turns = 0; turns < 2; turns += 1) await turn()
  store.answer()
  const failed = (await all).flatMap(({ status }, at) => (status === "rejected" ? [at] : []))
  expect(failed).toEqual([...Array.from({ length: 32 }, (_, at) => 32 + at), 64])
  // What failed is awaited no longer: the next one that is alone goes at once.
  void reads.get("next", "next")
  await Promise.resolve()
  expect(store.sent.at(-1)).toEqual(["next"])
})

it("ends one caller's wait by its signal, and not the fetch of the others", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  const ending = new AbortController()
  const [mine, theirs] = [reads.get("mine", "k", ending.signal), reads.get("theirs", "k")]
  await Promise.resolve()
  ending.abort(new Error("enough"))
  await expect(mine).rejects.toThrow("enough")
  store.answer()
  expect(await theirs).toEqual({ place: "theirs", text: "k" })
  await expect(reads.get("late", "k", ending.signal)).rejects.toThrow("enough")
})

it("does not send for whom nobody waits any more", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  const ending = new AbortController()
  const gone = [reads.get("p", "gone", ending.signal), reads.get("q", "gone", ending.signal), reads.get("p", "shared", ending.signal)]
  const [kept, shared] = [reads.get("p", "kept"), reads.get("r", "shared", new AbortController().signal)]
  // Whoever asked last.
  gone.push(reads.get("q", "kept", ending.signal))
  ending.abort(new Error("enough"))
  expect((await Promise.allSettled(gone)).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected", "rejected"])
  expect(store.sent).toEqual([["shared", "kept"]])
  store.answer()
  expect(await Promise.all([kept, shared])).toEqual([
    { place: "p", text: "kept" },
    { place: "r", text: "shared" },
  ])
  const all = new AbortController()
  const last = reads.get("p", "last", all.signal)
  all.abort(new Error("enough"))
  await expect(last).rejects.toThrow("enough")
  await turn()
  expect(store.sent).toHaveLength(1)
})

it("makes an answer of what a fetch brought, and tells of one that failed as it is asked to", async () => {
  const store = heldStore()
  store.lost.add("lost")
  const reads = batchOn(store)
  const refuse = (error: unknown): Error => new Error(`refused: ${(error as Error).message}`)
  const ask = (place: string, key: string) => reads.ask(place, key, { answer: (value) => (value === null ? "nothing" : value.text), refuse })
  const first = Promise.allSettled([ask("p", "k"), ask("p", "none"), ask("unreadable", "k")])
  await Promise.resolve()
  const second = Promise.allSettled([ask("p", "lost")])
  store.answer()
  expect(await first).toEqual([
    { status: "fulfilled", value: "k" },
    { status: "fulfilled", value: "nothing" },
    { status: "rejected", reason: new Error("refused: unreadable") },
  ])
  await turn()
  store.answer()
  expect(await second).toEqual([{ status: "rejected", reason: new Error("refused: lost") }])
})

it("tells what an answer throws as it is, and waits for one that is a promise", async () => {
  const store = heldStore()
  const reads = batchOn(store)
  const refuse = () => expect.fail("nothing failed but the answer")
  const thrown = new Error("thrown")
  const throws = (): never => {
    throw thrown
  }
  const ask = (answer: () => unknown) => reads.ask("p", "k", { answer, refuse })
  const asked = Promise.allSettled([ask(throws), ask(async () => "later"), ask(() => Promise.reject(thrown))])
  await Promise.resolve()
  store.answer()
  expect(await asked).toEqual([
    { status: "rejected", reason: thrown },
    { status: "fulfilled", value: "later" },
    { status: "rejected", reason: thrown },
  ])
})
