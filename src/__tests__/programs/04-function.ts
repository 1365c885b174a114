// Changes by a function, and what happens when two meet.
import assert from "node:assert/strict"
import { createSessionService, SessionError } from "coatcheck"
import { z } from "zod"

const sessions = await createSessionService({
  store: "memory:",
  schema: z.object({ cart: z.array(z.string()).default([]), visits: z.number().default(0), nick: z.string().optional() }),
})
const { token } = await sessions.createSession({ attributes: { nick: "Amazing" } })

await sessions.updateSession(token, (own) => ({ ...own, visits: own.visits + 1 }))
await sessions.updateSession(token, (own) => ({ ...own, cart: [...own.cart, "apple"] }))
const changed = await sessions.updateSession(token, (own) => {
  own.cart.push("pear")
  delete own.nick
  return own
})
assert.deepEqual(changed?.attributes, { cart: ["apple", "pear"], visits: 1 })
const rest = await sessions.updateSession(token, ({ cart: _cart, ...others }) => others)
assert.deepEqual(rest?.attributes, { cart: [], visits: 1 })

// @ts-expect-error has to be waited for
const waiting = sessions.updateSession(token, async (own) => own)
await assert.rejects(waiting, { code: "ERR_INVALID_ARGUMENT" })
const forgotten = sessions.updateSession(
  token,
  // @ts-expect-error nothing is returned
  (own) => {
    own.visits += 1
  },
)
await assert.rejects(forgotten, { code: "ERR_INVALID_ARGUMENT" })

const many = Array.from({ length: 20 }, () => sessions.updateSession(token, (own) => ({ ...own, visits: own.visits + 1 })))
await Promise.all(many)
assert.equal((await sessions.getSession(token))?.attributes.visits, 21)

let told = ""
try {
  await sessions.updateSession(token, { visits: 0 }, { ifVersion: 3 })
} catch (error) {
  if (!SessionError.is(error, "ERR_SESSION_CONFLICT")) throw error
  told = error.code satisfies "ERR_SESSION_CONFLICT"
  const outcome: "applied" | "not-applied" | "unknown" = error.outcome
  assert.equal(outcome, "not-applied")
  assert.equal(error.retryable, true)
  // @ts-expect-error narrowed to one code
  assert.notEqual(error.code, "ERR_CLOSED" satisfies typeof error.code)
}
assert.equal(told, "ERR_SESSION_CONFLICT")
console.log("ok 04-function")
