import { describe, expect, it } from "vitest"
import { settledMemory, usedMemory } from "../server/settled-memory.js"

describe("usedMemory", () => {
  it("reads the one line that says it", () => expect(usedMemory("# Memory\r\nused_memory_rss:9\r\nused_memory:1234\r\nused_memory_peak:99\r\n")).toBe(1234))
  it("does not take what is missing for nothing", () => expect(usedMemory("")).toBeNaN())
})

describe("settledMemory", () => {
  it("asks until three answers in a row are alike", async () => {
    const answers = [5_000_000, 4_000_000, 4_000_100, 3_000_000, 3_000_000, 3_000_100, 9]
    expect(await settledMemory(async () => `used_memory:${answers.shift()}`, 1)).toBe(3_000_100)
    expect(answers).toEqual([9])
  })

  it("waits while keys are moved from one table to another: the first still lies in memory", async () => {
    const moving = Array.from({ length: 6 }, () => "used_memory:5000000\r\nmem_overhead_db_hashtable_rehashing:1048576\r\n")
    const answers = [...moving, ...Array.from({ length: 4 }, () => "used_memory:3900000\r\nmem_overhead_db_hashtable_rehashing:0\r\n")]
    expect(await settledMemory(async () => answers.shift() ?? "", 1)).toBe(3_900_000)
  })
})
