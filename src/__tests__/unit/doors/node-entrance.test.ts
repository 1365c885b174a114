import { setImmediate as turn } from "node:timers/promises"
import { afterEach, expect, it, vi } from "vitest"
import { nodeEntrance } from "../../../doors/node-entrance.js"
import type { Authenticator, RequestHead, ResponseHead } from "../../../web/contract.js"

const HEAD = {} as RequestHead
const RESPONSE = {} as ResponseHead
const log: string[] = []

afterEach(() => {
  log.length = 0
  vi.useRealTimers()
})

/** The entrance over an authenticator that takes as long as this for its answer. */
function entranceAfter(answer: () => Promise<unknown>): (name: string) => Promise<void> {
  const authorize = async (): Promise<unknown> => {
    log.push("read")
    await answer()
    return { ok: true, session: {} }
  }
  const enter = nodeEntrance({ authenticate: () => ({}), authorize } as unknown as Authenticator<object, object>, undefined)
  return (name) => enter(HEAD, RESPONSE).then((entered) => void log.push(`${name} ${entered.ok}`))
}

it("lets those of one turn go on together whose sessions were in memory", async () => {
  const enter = entranceAfter(() => Promise.resolve())
  const first = enter("first")
  await Promise.resolve()
  // As another request that is parsed in the same turn.
  const second = new Promise<void>((resolve) => process.nextTick(() => resolve(enter("second"))))
  await Promise.all([first, second])
  expect(log).toEqual(["read", "read", "first true", "second true"])
})

it("keeps nobody waiting whose session came later, and each turn by itself", async () => {
  let answer = (): void => undefined
  const reply = new Promise<void>((resolve) => {
    answer = resolve
  })
  const entered = entranceAfter(() => reply)("late")
  await turn()
  await turn()
  answer()
  const next = turn().then(() => log.push("next turn"))
  await Promise.all([entered, next])
  expect(log).toEqual(["read", "late true", "next turn"])
  await entranceAfter(() => Promise.resolve())("again")
  expect(log.at(-1)).toBe("again true")
})

it("goes on under false timers", async () => {
  vi.useFakeTimers()
  await entranceAfter(() => Promise.resolve())("first")
  expect(log).toEqual(["read", "first true"])
})

it("rejects as the authenticator does", async () => {
  const broken = entranceAfter(() => Promise.reject(new Error("no store")))
  await expect(broken("first")).rejects.toThrow("no store")
})
