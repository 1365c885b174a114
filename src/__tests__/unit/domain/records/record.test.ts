import { describe, expect, it } from "vitest"
import { ENDED, type LiveRecord, saveRecord } from "../../../../domain/records/record.js"

const stored: LiveRecord = { version: 7, operations: "oper-4oper-3oper-2oper-1", text: '{"n":1}' }
const write = { operation: "mine-1", text: '{"n":2}' }

describe("a save", () => {
  it("makes the first version where there is nothing and nothing was seen", () => {
    const next = { version: 1, operations: `mine-1${"------".repeat(3)}`, text: '{"n":2}' }
    expect(saveRecord(null, { ...write, expected: null })).toEqual({ next, saved: { status: "done", record: next } })
  })

  it("makes the next version of the one that was seen, and remembers four saves", () => {
    const next = { version: 8, operations: "mine-1oper-4oper-3oper-2", text: '{"n":2}' }
    expect(saveRecord(stored, { ...write, expected: 7 })).toEqual({ next, saved: { status: "done", record: next } })
  })

  it("replaces what is there where no version was seen", () => {
    expect(saveRecord(stored, { ...write, expected: null }).next).toMatchObject({ version: 8, text: '{"n":2}' })
  })

  it.each([null, 0, 1, 7])("brings nothing back that has ended, whatever was seen (%s)", (expected) => {
    expect(saveRecord(ENDED, { ...write, expected })).toEqual({ next: null, saved: { status: "ended" } })
  })

  it("brings nothing back that was seen and is there no more", () => {
    expect(saveRecord(null, { ...write, expected: 7 })).toEqual({ next: null, saved: { status: "missing" } })
  })

  it.each([6, 8])("at another version (%s) writes nothing and tells what is stored", (expected) => {
    expect(saveRecord(stored, { ...write, expected })).toEqual({ next: null, saved: { status: "clash", record: stored } })
  })

  it.each(["oper-1", "oper-4"])("that arrives a second time (%s) is done, and changes nothing", (operation) => {
    expect(saveRecord(stored, { operation, text: '{"n":3}', expected: 3 })).toEqual({ next: null, saved: { status: "done", record: stored } })
  })

  it("begins to count anew after nine digits", () => {
    expect(saveRecord({ ...stored, version: 999_999_999 }, { ...write, expected: 999_999_999 }).next).toMatchObject({ version: 1 })
  })
})
