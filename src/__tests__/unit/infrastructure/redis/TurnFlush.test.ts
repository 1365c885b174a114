import { nextTick } from "node:process"
import { setImmediate as turn } from "node:timers/promises"
import { expect, it } from "vitest"
import { TurnFlush } from "../../../../infrastructure/redis/TurnFlush.js"

/** Lets all run that can before the event loop goes on. */
const rest = (): Promise<void> => new Promise((resolve) => nextTick(() => nextTick(resolve)))

function counting() {
  let count = 0
  const sent: number[] = []
  const flush = new TurnFlush(() => {
    if (count > 0) sent.push(count)
    count = 0
  })
  const ask = (times: number, hasCompany: boolean): void => {
    for (let i = 0; i < times; i++) flush.asked(++count, hasCompany)
  }
  return { sent, ask }
}

it("sends what is asked for where nothing is under way when the code that asked has run", async () => {
  const { sent, ask } = counting()
  ask(100, false)
  expect(sent).toEqual([])
  await Promise.resolve()
  expect(sent).toEqual([100])
})

it("gathers until the end of the turn where others are under way", async () => {
  const { sent, ask } = counting()
  ask(3, true)
  await rest()
  ask(4, true)
  await rest()
  expect(sent).toEqual([])
  await turn()
  expect(sent).toEqual([7])
})

it("sends eight and more before that, once a turn", async () => {
  const { sent, ask } = counting()
  for (const times of [12, 20, 5]) {
    ask(times, true)
    await rest()
  }
  expect(sent).toEqual([12])
  await turn()
  expect(sent).toEqual([12, 25])
  ask(9, true)
  await rest()
  expect(sent).toEqual([12, 25, 9])
})
