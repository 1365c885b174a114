import { expect, it } from "vitest"
import { SessionError } from "../../../domain/errors.js"
import { InFlight } from "../../../infrastructure/InFlight.js"

it("lets 4 000 calls in, and 1 000 sign-outs more", () => {
  const calls = new InFlight("test")
  const refusal = (signsOut: boolean): unknown => {
    try {
      calls.enter(signsOut)
      return null
    } catch (error) {
      return error
    }
  }
  for (let i = 0; i < 4_000; i++) calls.enter(false)
  expect(refusal(false)).toMatchObject({ code: "ERR_STORE_OVERLOADED", outcome: "not-applied", retryable: true })
  for (let i = 0; i < 1_000; i++) calls.enter(true)
  expect(SessionError.is(refusal(true), "ERR_STORE_OVERLOADED")).toBe(true)
  calls.leave()
  expect(refusal(false)).not.toBeNull()
  expect(refusal(true)).toBeNull()
})

it("waits for those under way, and lets none in meanwhile", async () => {
  const calls = new InFlight("test")
  calls.enter(false)
  const steps: string[] = []
  const drained = calls.drain().then(() => steps.push("drained"))
  expect(() => calls.enter(true)).toThrow(expect.objectContaining({ code: "ERR_CLOSED", outcome: "not-applied" }))
  await new Promise(setImmediate)
  steps.push("left")
  calls.leave()
  await drained
  expect(steps).toEqual(["left", "drained"])
})
