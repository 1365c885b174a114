import { expect, it } from "vitest"
import { Touches } from "../../../../../infrastructure/redis/reads/touches.js"
import type { DueTouch, Touched } from "../../../../../infrastructure/redis/scripts/session-scripts.js"
import { Traffic } from "../../../../../infrastructure/redis/Traffic.js"

const due = (session: string, verifier = "v"): DueTouch => ({ session, index: null, verifiers: [verifier] })

/** Answers when it is told to, and writes down what was sent together. */
function sender() {
  const sent: (readonly string[])[] = []
  const answers: (() => void)[] = []
  const fails = new Set<string>()
  const send = (touches: readonly DueTouch[]): Promise<readonly Touched[]> => {
    sent.push(touches.map(({ session }) => session))
    return new Promise((resolve, reject) => {
      answers.push(() => {
        if (touches.some(({ session }) => fails.has(session))) reject(new Error("lost"))
        else resolve(touches.map(({ session }) => ({ status: session === "gone" ? "MISSING" : "DONE", micros: 7 })))
      })
    })
  }
  const answer = (): void => {
    for (const give of answers.splice(0)) give()
  }
  return { sent, fails, send, answer }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

it("sends the touches of one turn together, 32 at most, the others turn by turn", async () => {
  const store = sender()
  const touches = new Touches(store.send, true)
  for (let at = 0; at < 65; at += 1) void touches.touch(due(`s${at}`), 0)
  for (let turns = 0; turns < 3; turns += 1) await turn()
  expect(store.sent.map(({ length }) => length)).toEqual([32, 32, 1])
  expect(store.sent.flat()).toEqual(Array.from({ length: 65 }, (_, at) => `s${at}`))
})

it("sends each alone where no script reaches all", async () => {
  const store = sender()
  const touches = new Touches(store.send, false)
  for (const name of ["a", "b", "c"]) void touches.touch(due(name), 0)
  await turn()
  expect(store.sent).toEqual([["a"], ["b"], ["c"]])
})

it("gives each the answer to its own session", async () => {
  const store = sender()
  const touches = new Touches(store.send, true)
  const asked = Promise.all(["a", "gone", "b"].map((name) => touches.touch(due(name), 0)))
  await turn()
  store.answer()
  expect((await asked).map(({ status }) => status)).toEqual(["DONE", "MISSING", "DONE"])
})

it("lets one touch that waits stand for all who ask for it by the same secret", async () => {
  const store = sender()
  const touches = new Touches(store.send, true)
  const asked = [due("a"), due("a"), due("a", "other")].map((touch) => touches.touch(touch, 0))
  await turn()
  expect(store.sent).toEqual([["a", "a"]])
  store.answer()
  await Promise.all(asked)
})

it("lets a touch under way stand for others only within the interval", async () => {
  const store = sender()
  const touches = new Touches(store.send, true)
  const first = touches.touch(due("a"), 60_000)
  await turn()
  const [within, precise] = [touches.touch(due("a"), 60_000), touches.touch(due("a"), 0)]
  await turn()
  expect(store.sent).toEqual([["a"], ["a"]])
  store.answer()
  await Promise.all([first, within, precise])
  // Answered, it stands for nobody any more.
  void touches.touch(due("a"), 60_000)
  await turn()
  expect(store.sent).toHaveLength(3)
})

it("fails all that travelled together, and nobody after them", async () => {
  const store = sender()
  store.fails.add("b")
  const touches = new Touches(store.send, true)
  const asked = ["a", "b"].map((name) => touches.touch(due(name), 60_000))
  await turn()
  store.answer()
  expect((await Promise.allSettled(asked)).map(({ status }) => status)).toEqual(["rejected", "rejected"])
  const again = touches.touch(due("a"), 60_000)
  await turn()
  store.answer()
  expect((await again).status).toBe("DONE")
})

it("goes at once where nothing else is under way, and else with what the turn asks for", async () => {
  const store = sender()
  const traffic = new Traffic()
  const touches = new Touches(store.send, true, traffic)
  void touches.touch(due("alone"), 0)
  await Promise.resolve()
  expect(store.sent).toEqual([["alone"]])
  store.answer()
  await turn()
  traffic.begun()
  void touches.touch(due("first"), 0)
  await Promise.resolve()
  await Promise.resolve()
  void touches.touch(due("second"), 0)
  expect(store.sent).toEqual([["alone"]])
  await turn()
  expect(store.sent).toEqual([["alone"], ["first", "second"]])
})
