import { describe, expect, it } from "vitest"
import { addWork, readServerInfo, workBetween } from "../server/server-info.js"

const INFO = [
  "# CPU",
  "used_cpu_sys:1.500000",
  "used_cpu_user:2.250000",
  "used_cpu_sys_children:9.000000",
  "",
  "# Stats",
  "total_reads_processed:17",
  "# Commandstats",
  "cmdstat_get:calls=12,usec=30,usec_per_call=2.50,rejected_calls=0,failed_calls=0",
  "cmdstat_client|setinfo:calls=2,usec=3,usec_per_call=1.50,rejected_calls=0,failed_calls=0",
  "cmdstat_info:calls=4,usec=9,usec_per_call=2.25,rejected_calls=0,failed_calls=0",
].join("\r\n")

describe("readServerInfo", () => {
  it("reads the processor time of the server itself, the calls of each command, and how often it read", () =>
    expect(readServerInfo(INFO)).toEqual({ cpu: 3_750_000, calls: { get: 12, "client|setinfo": 2, info: 4 }, reads: 17 }))

  it("does not take what is missing for nothing", () => expect(() => readServerInfo("")).toThrow("used_cpu_user"))
})

describe("workBetween", () => {
  it("tells what was done in between, without the look", () => {
    const before = { cpu: 100, calls: { get: 5, set: 3, info: 1 }, reads: 10 }
    const after = { cpu: 160, calls: { get: 9, set: 3, incr: 2, info: 2 }, reads: 17 }
    expect(workBetween(before, after)).toEqual({ cpu: 60, calls: { get: 4, incr: 2 }, reads: 6 })
  })
})

describe("addWork", () => {
  it("adds all of it", () =>
    expect(addWork({ cpu: 1, calls: { get: 1 }, reads: 1 }, { cpu: 2, calls: { get: 2, set: 1 }, reads: 2 })).toEqual({
      cpu: 3,
      calls: { get: 3, set: 1 },
      reads: 3,
    }))
})
