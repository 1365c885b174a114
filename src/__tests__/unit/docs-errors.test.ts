import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { ERROR_CODES, type SessionErrorCode } from "../../domain/errors.js"

const PAGE = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8")
const SECTIONS = new Map(
  PAGE.split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf("\n")).trim(), section] as const),
)
const CODES = Object.keys(ERROR_CODES) as SessionErrorCode[]

describe("docs/errors.md", () => {
  it("has one section for each code, in the order of the table, and no other", () => {
    expect(PAGE.match(/^## .*/gm)?.map((title) => title.slice(3))).toEqual(CODES)
  })

  it.each(CODES)("%s: says what the table says, what it means, and what to do", (code) => {
    const section = SECTIONS.get(code) ?? ""
    const { retryable, outcome } = ERROR_CODES[code]
    const [, says, first] = /^\*\*Retryable:\*\* (yes|no)\b.*?\*\*Outcome:\*\* ([a-z-]+)/m.exec(section) ?? []
    expect({ retryable: says, outcome: first }).toEqual({ retryable: retryable ? "yes" : "no", outcome })
    expect(section).toMatch(/\n\nWhat to do: \w/)
    expect(section.split("\n\n").length).toBeGreaterThanOrEqual(4)
  })

  it("speaks of no code that does not exist", () => {
    const spoken = new Set(PAGE.match(/ERR_[A-Z_]+/g))
    // "ERR_STORE_…" stands for all of its kind.
    spoken.delete("ERR_STORE_")
    expect([...spoken].filter((code) => !Object.hasOwn(ERROR_CODES, code))).toEqual([])
  })
})
