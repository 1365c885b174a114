import { expect, it } from "vitest"
import { SessionError } from "../../../domain/errors.js"
import { InFlight } from "../../../infrastructure/InFlight.js"

it("lets 4 000 calls in, and 1 000 sign-outs more", () => {
  const calls = new InFlight()
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
  expect(calls.count).toBe(5_000)
  calls.leave()
  expect(refusal(false)).not.toBeNull()
  expect(refusal(true)).toBeNull()
})
