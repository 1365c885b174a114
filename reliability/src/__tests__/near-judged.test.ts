import { describe, expect, it } from "vitest"
import { checkNear } from "../near/check-near.js"
import type { NearLine } from "../near/near-line.js"

const LEASE = 100

type Step = readonly [op: NearLine["op"], call: number, settled: number, version: NearLine["version"], more?: Partial<NearLine>]

function judged(steps: readonly Step[]) {
  const lines = steps.map(([op, call, settled, version, more]): NearLine => ({ process: 0, session: "s", secret: "a", op, call, settled, version, ...more }))
  return checkNear(lines, LEASE)
}

const OWN = { process: 1 }
const end: Step = ["end", 10, 20, null, OWN]
const change: Step = ["change", 10, 20, 2, OWN]
const replace: Step = ["replace", 10, 20, null, OWN]

describe("reads beside changes", () => {
  it.each<readonly [what: string, steps: readonly Step[], rules: readonly string[]]>([
    ["nothing", [], []],
    ["found within the lease after an end", [end, ["read", 120, 121, 1]], []],
    ["found later than the lease after an end", [end, ["read", 120.1, 121, 1]], ["N1"]],
    ["not found afterwards", [end, ["read", 121, 122, null]], []],
    ["found by a call that began within the lease and took long", [end, ["read", 119, 900, 1]], []],
    [
      "found after an end whose fate nobody knows",
      [
        ["end", 10, 20, undefined, OWN],
        ["read", 500, 501, 1],
      ],
      [],
    ],
    ["an answer that nobody got", [end, ["read", 500, 501, undefined]], []],
    ["found by who ended it, within the lease", [end, ["read", 21, 22, 1, OWN]], ["N2"]],
    ["found by who ended it, while it did", [end, ["read", 19, 22, 1, OWN]], []],
    [
      "found before the end of another session",
      [
        ["end", 10, 20, null, { session: "t" }],
        ["read", 500, 501, 1],
      ],
      [],
    ],
    ["an old version within the lease after a change", [change, ["read", 120, 121, 1]], []],
    ["an old version later than that", [change, ["read", 121, 122, 1]], ["N1"]],
    ["the new version", [change, ["read", 121, 122, 2]], []],
    ["an old version by who changed it", [change, ["read", 21, 22, 1, OWN]], ["N2"]],
    ["a secret that was replaced, later than the lease", [replace, ["read", 121, 122, 1]], ["N1"]],
    ["the secret that took its place", [replace, ["read", 121, 122, 2, { secret: "b" }]], []],
    ["a secret that was replaced, by who replaced it", [replace, ["read", 21, 22, 1, OWN]], ["N2"]],
    [
      "a version that goes back",
      [
        ["read", 1, 2, 3],
        ["read", 3, 4, 2],
      ],
      ["N3"],
    ],
    [
      "a version that goes back while both are under way",
      [
        ["read", 1, 4, 3],
        ["read", 3, 5, 2],
      ],
      [],
    ],
    [
      "a version that goes back for another process",
      [
        ["read", 1, 2, 3],
        ["read", 3, 4, 2, OWN],
      ],
      [],
    ],
    [
      "a version that goes back under another secret",
      [
        ["read", 1, 2, 3],
        ["read", 3, 4, 2, { secret: "b" }],
      ],
      ["N3"],
    ],
    [
      "a secret that opens again",
      [
        ["read", 1, 2, null],
        ["read", 3, 4, 2],
      ],
      ["N3"],
    ],
    [
      "another secret that opens",
      [
        ["read", 1, 2, null],
        ["read", 3, 4, 2, { secret: "b" }],
      ],
      [],
    ],
    [
      "a secret that opens nothing, after a version was seen",
      [
        ["read", 1, 2, 3],
        ["read", 3, 4, null],
      ],
      [],
    ],
  ])("%s", (_what, steps, rules) => {
    expect(judged(steps).violations.map(({ rule }) => rule)).toEqual(rules)
  })
})

it("tells how old the oldest answer surely was, counted from the first change that it did not know", () => {
  const found = judged([change, ["change", 30, 40, 3, OWN], ["read", 60, 90, 1, { isHit: true }], ["read", 91, 92, 2], ["read", 110, 111, 3]])
  expect(found).toMatchObject({ violations: [], reads: 3, hits: 1, stale: 2, revocations: 0 })
  expect(found.worstStaleMs).toBe(51)
})

it("counts a revocation when somebody asked after it", () => {
  const steps: readonly Step[] = [end, ["end", 10, 20, null, { ...OWN, session: "t" }]]
  expect(judged(steps).revocations).toBe(0)
  expect(judged([...steps, ["read", 30, 31, null]])).toMatchObject({ revocations: 1, late: 0 })
  expect(judged([...steps, ["read", 130, 131, null]])).toMatchObject({ revocations: 1, late: 1 })
})
