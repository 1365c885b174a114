import { describe, expect, it } from "vitest"
import { type FileFacts, judgeFile } from "../../../../infrastructure/sqlite/file-rules.js"

const GOOD: FileFacts = { version: "3.50.0", journal: "wal", synchronous: 1, mode: 0o600, isInPlace: true, fileSystem: 0xef53, freeBytes: 2 ** 40 }

describe("how a database's file is judged", () => {
  it("a good one is all in order", () => {
    const findings = judgeFile(GOOD)
    expect(findings.map(({ check, level, remedy }) => [check, level, remedy])).toEqual(
      ["version", "journal", "file-rights", "file-system", "disk"].map((check) => [check, "ok", null]),
    )
  })

  it.each([
    ["journal", { synchronous: 0 }, "problem", /OFF/],
    ["journal", { journal: "delete" }, "warning", /delete/],
    ["file-rights", { mode: 0o640 }, "warning", /^0640/],
    ["file-rights", { mode: null }, "unknown", /not tell/],
    ["file-system", { fileSystem: 0x6969 }, "problem", /^NFS/],
    ["file-system", { fileSystem: 0xff534d42 }, "problem", /^CIFS/],
    ["file-system", { isInPlace: false }, "problem", /removed or replaced/],
    ["file-system", { isInPlace: false, fileSystem: 0x6969 }, "problem", /removed or replaced/],
    ["disk", { freeBytes: 104_857_599 }, "warning", /^100 MiB/],
    ["disk", { freeBytes: 0 }, "warning", /^0 MiB/],
    ["disk", { freeBytes: null }, "unknown", /not tell/],
  ] as const)("%s: %j is a %s", (check, change, level, found) => {
    const findings = judgeFile({ ...GOOD, ...change })
    expect(findings.filter((finding) => finding.level !== "ok")).toEqual([
      { check, level, found: expect.stringMatching(found), remedy: expect.stringMatching(/\.$/) },
    ])
  })
})
