import { describe, expect, it } from "vitest"
import { chosenGroups } from "../chosen-groups.js"
import type { Group } from "../group.js"

const group: Group = { about: "something", takes: { quick: 1, full: 2 }, run: async () => ({ figures: 1 }) }
const GROUPS = { rows: group, whole: { ...group, isWhole: true }, more: group } as const
const chosen = (names: readonly string[], only = "") => chosenGroups(GROUPS, names, only).map(([name]) => name)

describe("chosenGroups", () => {
  it("are those that were named, in their own order, and all where none was", () => {
    expect(chosen(["more", "rows"])).toEqual(["rows", "more"])
    expect(chosen([])).toEqual(["rows", "whole", "more"])
  })

  it("are none that are measured as a whole, where rows are asked for", () => expect(chosen([], "read")).toEqual(["rows", "more"]))

  it("refuse rows of one that is measured as a whole, and names that none has", () => {
    expect(() => chosen(["rows", "whole"], "read")).toThrow("Expected --only without whole")
    expect(() => chosen(["rosw"])).toThrow("one of rows, whole, more, got rosw")
  })
})
