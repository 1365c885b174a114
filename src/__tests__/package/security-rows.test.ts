import { readFileSync } from "node:fs"
import { expect, it } from "vitest"

interface Row {
  readonly id: string
  readonly text: string
  readonly shown?: readonly (readonly [string, string])[]
  readonly open?: string
  readonly notOurs?: string
}
interface Judged extends Row {
  readonly result: string
  readonly tests: readonly { readonly passed: number; readonly total: number; readonly complaint: string | null }[]
}
type Section = { readonly rows: readonly Row[] }
interface Scripts {
  readonly judge: (rows: readonly Row[], report: unknown, root: string) => readonly Judged[]
  readonly claimOf: (row: Row) => string
  readonly countRows: (report: unknown, root: string) => { readonly failed: number }
  readonly renderPage: (sections: readonly Section[], controls: readonly Row[], peers: readonly unknown[]) => string
  readonly SECTIONS: readonly Section[]
  readonly CONTROLS: readonly (Row & { readonly peers: readonly string[] })[]
  readonly PEERS: readonly unknown[]
}

const FILES = ["judge", "count-rows", "page", "rows", "rows/controls", "rows/peers"]
const modules = await Promise.all(FILES.map((name) => import(/* @vite-ignore */ new URL(`../../../scripts/security/${name}.mjs`, import.meta.url).href)))
const { judge, claimOf, countRows, renderPage, SECTIONS, CONTROLS, PEERS } = Object.assign({}, ...modules) as Scripts
const ROWS = [...SECTIONS.flatMap(({ rows }) => rows), ...CONTROLS]

const ROW: Row = { id: "A0", text: "a coat is taken", shown: [["security/coats", "is found"]] }
const report = (...tests: readonly (readonly [fullName: string, status: string])[]) => ({
  testResults: [{ name: "/project/src/__tests__/security/coats.test.ts", assertionResults: tests.map(([fullName, status]) => ({ fullName, status })) }],
})

it.each([
  ["its test passed", report(["a coat is found", "passed"]), "shown", null],
  ["all of a table's passed", report(["a coat is found", "passed"], ["a hat is found", "passed"]), "shown", null],
  ["one of a table's is red", report(["a coat is found", "passed"], ["a hat is found", "failed"]), "FAILED", "red: a hat is found"],
  ["one of a table's was skipped", report(["a coat is found", "passed"], ["a hat is found", "skipped"]), "FAILED", "skipped"],
  ["its test is still to be written", report(["a coat is found", "todo"]), "FAILED", "skipped"],
  ["no test bears the name", report(["a coat is lost", "passed"]), "FAILED", "no test bears this name"],
  ["its file could not be loaded", report(), "FAILED", "no test bears this name"],
  ["its file was not run", { testResults: [] }, "FAILED", "this file was not run"],
])("a row when %s", (_case, given, result, complaint) => {
  const [judged] = judge([ROW], given, "/project")
  expect([judged?.result, judged?.tests[0]?.complaint]).toEqual([result, complaint])
})

it("a row claims what it has: tests, tests and a rest, a rest, or a reason; and nothing else", () => {
  const { id, text, shown = [] } = ROW
  expect(claimOf(ROW)).toBe("shown")
  expect(claimOf({ ...ROW, open: "hats" })).toBe("part")
  expect(claimOf({ id, text, open: "hats" })).toBe("not yet")
  expect(claimOf({ id, text, notOurs: "hats are kept elsewhere" })).toBe("not ours")
  for (const bad of [{}, { shown: [] }, { shown, notOurs: "x" }, { open: "x", notOurs: "y" }]) expect(() => claimOf({ id, text, ...bad })).toThrow(id)
})

it("the table has every requirement and attack once, and a word of every peer to every control", () => {
  const ids = ROWS.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  for (const n of Array.from({ length: 43 }, (_unused, at) => at + 1)) expect(ids).toContain(`A${n}`)
  for (const n of Array.from({ length: 20 }, (_unused, at) => at + 1)) expect(ids).toContain(`C${n}`)
  const ofV7 = { 1: 3, 2: 4, 3: 2, 4: 5, 5: 3, 6: 2 }
  for (const [part, count] of Object.entries(ofV7)) expect(ids.filter((id) => id.startsWith(`V7.${part}.`))).toHaveLength(count)
  for (const { id, peers } of CONTROLS) expect([id, peers.length, peers.filter((word) => !word)]).toEqual([id, PEERS.length, []])
})

it("a run of all tests counts each name that is not there any more", () => {
  const named = ROWS.reduce((sum, { shown = [] }) => sum + shown.length, 0)
  expect(countRows({ testResults: [] }, "/project").failed).toBe(named)
  expect(named).toBeGreaterThan(100)
})

it("docs/security.md is what the rows say: npm run security -- --write", () => {
  const page = readFileSync(new URL("../../../docs/security.md", import.meta.url), "utf8")
  expect(page === renderPage(SECTIONS, CONTROLS, PEERS)).toBe(true)
})
