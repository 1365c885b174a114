import { describe, expect, it } from "vitest"
import { ListMemory } from "../simulation/checks/ListMemory.js"
import type { Change, Entry } from "../simulation/store/Keyspace.js"
import { SortedMembers } from "../simulation/store/SortedMembers.js"

const ID = "A".repeat(22)
const SESSION = `session:{AAA}.${ID}`
const LIST = `user_sessions:{AAA}:${"B".repeat(22)}`
const listed = (...ids: readonly string[]): Entry => ({
  type: "zset",
  value: ids.reduce((members, id) => members.with(id, 1), SortedMembers.empty),
  expiresAt: undefined,
})
const record: Entry = { type: "string", value: "{}", expiresAt: undefined }
const opened: Change = { key: SESSION, before: undefined, after: record }

/** A list that forgot a session at an instant of the server's clock. */
function forgetful(at: number, after: Entry | undefined): ListMemory {
  const memory = new ListMemory()
  expect(memory.executed({ name: "index-prune", changes: [{ key: LIST, before: listed(ID, "other"), after }] }, at)).toEqual([])
  return memory
}

describe("a session that its list forgot while the clock was ahead", () => {
  it.each([
    ["alone", listed("other")],
    ["with all others", undefined],
  ])("may be opened once more, forgotten %s", (_what, after) => {
    expect(forgetful(20, after).executed({ name: "session-create", changes: [opened] }, 10)).toEqual([{ key: SESSION, text: "{}" }])
  })

  it("is none where the clock was not set back, the list names it, or nothing was opened", () => {
    expect(forgetful(20, undefined).executed({ name: "session-create", changes: [opened] }, 21)).toEqual([])
    expect(forgetful(20, listed(ID)).executed({ name: "session-create", changes: [opened] }, 10)).toEqual([])
    expect(forgetful(20, undefined).executed({ name: "session-create", changes: [{ key: SESSION, before: record, after: record }] }, 10)).toEqual([])
    expect(forgetful(20, undefined).executed({ name: "session-update", changes: [opened] }, 10)).toEqual([])
  })
})
