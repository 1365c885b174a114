import { nextTick } from "node:process"
import { setImmediate as turn } from "node:timers/promises"
import { expect, it } from "vitest"
import { Traffic } from "../../../../infrastructure/redis/Traffic.js"

/** Lets all run that can before the event loop goes on. */
const rest = (): Promise<void> => new Promise((resolve) => nextTick(() => nextTick(resolve)))

function counting() {
  const traffic = new Traffic()
  let count = 0
  const sent: number[] = []
  const send = (): void => {
    if (count > 0) sent.push(count)
    count = 0
  }
  const ask = (times: number): void => {
    for (let i = 0; i < times; i++) traffic.waits(++count, send)
  }
  return { traffic, sent, ask }
}

it("sends what is asked for where nothing is under way when the code that asked has run", async () => {
  const { sent, ask } = counting()
  ask(100)
  expect(sent).toEqual([])
  await Promise.resolve()
  expect(sent).toEqual([100])
})

it("gathers until the end of the turn where others are under way", async () => {
  const { traffic, sent, ask } = counting()
  traffic.begun()
  for (const times of [3, 20]) {
    ask(times)
    await rest()
  }
  expect(sent).toEqual([])
  await turn()
  expect(sent).toEqual([23])
})

it("sends eight and more that answers made ask as soon as all of them have asked", async () => {
  const { traffic, sent, ask } = counting()
  for (let i = 0; i < 3; i++) traffic.begun()
  traffic.ended()
  ask(5)
  await Promise.resolve()
  ask(7)
  expect(sent).toEqual([])
  await rest()
  expect(sent).toEqual([12])
  // Others ask for themselves, however many they are.
  ask(30)
  await rest()
  expect(sent).toEqual([12])
  await turn()
  expect(sent).toEqual([12, 30])
})

it("leaves fewer than eight for the turn's end, and those that go alone where they were the last", async () => {
  const { traffic, sent, ask } = counting()
  for (let i = 0; i < 2; i++) traffic.begun()
  traffic.ended()
  ask(7)
  await rest()
  expect(sent).toEqual([])
  await turn()
  expect(sent).toEqual([7])
  traffic.ended()
  ask(1)
  await Promise.resolve()
  expect(sent).toEqual([7, 1])
})
