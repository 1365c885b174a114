import { expect, it } from "vitest"
import { checkRules, findRule } from "../../../../../domain/rate-limit/rules.js"
import { localKey } from "../../../../../infrastructure/services/rate-limit/local-key.js"
import { subjectText } from "../../../../../infrastructure/services/rate-limit/subjects.js"

const rules = checkRules({ a: { limit: 1, window: "1s" }, ab: { limit: 1, window: "1s" } })
const key = (subject: object, name = "a"): string => localKey({ subject: subjectText(subject, 64), rule: findRule(rules, name) })

it("tells apart kinds, values and rules, whatever their length", () => {
  const long = "b".repeat(511)
  const keys = [
    key({ key: "b" }),
    key({ userId: "b" }),
    key({ key: "b" }, "ab"),
    key({ key: `${long}1` }),
    key({ key: `${long}2` }),
    key({ userId: `${long}1` }),
    key({ key: `${long}1` }, "ab"),
  ]
  expect(new Set(keys).size).toBe(keys.length)
  expect(key({ key: `${long}1` })).toBe(key({ key: `${long}1` }))
})

it("is short, however long a subject is", () => {
  const rule = findRule(checkRules({ [`r${"u".repeat(63)}`]: { limit: 1, window: "1s" } }), `r${"u".repeat(63)}`)
  for (let length = 1; length <= 512; length += 1)
    expect(localKey({ subject: subjectText({ key: "k".repeat(length) }, 64), rule }).length).toBeLessThanOrEqual(64 + 1 + 64)
})
