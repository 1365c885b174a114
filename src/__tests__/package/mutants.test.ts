import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

const ROOT = join(import.meta.dirname, "../../..")
const { MUTANTS } = (await import(join(ROOT, "scripts/mutants/rules.mjs"))) as {
  readonly MUTANTS: readonly { readonly rule: string; readonly file: string; readonly from: string; readonly tests: readonly string[] }[]
}

// In a mutant's copy of the project its text is not there any more.
it.skipIf(process.env.COATCHECK_MUTANTS === "1")("each mutant finds the code that it changes, and the tests that are to notice", () => {
  expect(MUTANTS.length).toBeGreaterThan(200)
  for (const { rule, file, from, tests } of MUTANTS) {
    expect(readFileSync(join(ROOT, file), "utf8").split(from).length, `places of "${rule}" in ${file}`).toBe(2)
    for (const test of tests) expect(existsSync(join(ROOT, test)), `${test}, named by "${rule}"`).toBe(true)
  }
})
