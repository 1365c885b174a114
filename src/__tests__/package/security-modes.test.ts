import { expect, it } from "vitest"

interface Outcome {
  readonly mode: string
  readonly judged: readonly { readonly result: string }[]
  readonly sound: boolean
}
interface Scripts {
  readonly modesOf: (values: Readonly<Record<string, boolean>>) => readonly string[]
  readonly environmentOf: (mode: string, environment: Readonly<Record<string, string>>) => Readonly<Record<string, string>>
  readonly countLine: (outcome: Outcome) => string
}

const modules = await Promise.all(
  ["modes", "print"].map((name) => import(/* @vite-ignore */ new URL(`../../../scripts/security/${name}.mjs`, import.meta.url).href)),
)
const { modesOf, environmentOf, countLine } = Object.assign({}, ...modules) as Scripts

it("tests run without and with the near-cache, unless one of both is asked for", () => {
  expect(modesOf({})).toEqual(["without near-cache", "with near-cache"])
  expect(modesOf({ "near-cache": true })).toEqual(["with near-cache"])
  expect(modesOf({ "no-near-cache": true })).toEqual(["without near-cache"])
  expect(() => modesOf({ "near-cache": true, "no-near-cache": true })).toThrow("leave both out")
})

it("each mode says itself whether there is a near-cache, whatever the environment said before", () => {
  for (const before of [{ HOME: "/h" }, { HOME: "/h", COATCHECK_NEAR_CACHE: "1" }]) {
    expect(environmentOf("without near-cache", before)).toEqual({ HOME: "/h" })
    expect(environmentOf("with near-cache", before)).toEqual({ HOME: "/h", COATCHECK_NEAR_CACHE: "1" })
  }
})

it("a summary names its mode", () => {
  const judged = [{ result: "shown" }, { result: "FAILED" }, { result: "shown" }]
  expect(countLine({ mode: "with near-cache", judged, sound: true })).toBe("with near-cache: 2 shown, 0 part, 0 not yet, 0 not ours, 1 FAILED")
  expect(countLine({ mode: "with near-cache", judged: [], sound: false })).toContain("FAILED outside of any row")
})
