import { describe, expect, it } from "vitest"
import { MeteredRedis } from "../histories/MeteredRedis.js"
import { cpuBetween, dearest } from "../histories/server-cpu.js"
import { SERVER_KINDS, StoreServer } from "../servers/StoreServer.js"

const info = (user: string, sys: string, line = "\r\n"): string =>
  [
    "# CPU",
    `used_cpu_sys:${sys}`,
    `used_cpu_user:${user}`,
    "used_cpu_sys_children:7.5",
    "used_cpu_user_children:9.5",
    "used_cpu_user_main_thread:3.0",
    "",
  ].join(line)

describe("what a server used of its processor", () => {
  it.each([
    ["in its own code and in the kernel's", info("1.000100", "0.500000"), info("1.001200", "0.500300"), 1.4],
    ["nothing", info("1.5", "2.5"), info("1.5", "2.5"), 0],
    ["where the kernel moved time from one to the other", info("2.000000", "1.000000"), info("2.003000", "0.999000"), 2],
    ["with the line ends of a file", info("0.1", "0", "\n"), info("0.2", "0", "\n"), 100],
  ])("%s", (_what, before, after, ms) => {
    expect(cpuBetween(before, after)).toBeCloseTo(ms, 6)
  })

  it("is not guessed where the server does not tell it", () => {
    expect(() => cpuBetween(info("1", "1"), "# CPU\r\nused_cpu_user:1.0\r\n")).toThrow("used_cpu_sys")
    expect(() => cpuBetween("used_cpu_user_children:1.0\r\nused_cpu_sys:1.0\r\n", info("1", "1"))).toThrow("used_cpu_user")
  })

  it("the dearest of nothing is no figure", () => {
    expect(dearest([1, 3, 2].map((ms) => ({ ms, name: `${ms}` })))).toEqual({ ms: 3, name: "3" })
    expect(() => dearest([])).toThrow("got none")
  })
})

it.each(SERVER_KINDS)("each script on %s is measured by itself, and answered as by any client", async (kind) => {
  await using server = await StoreServer.start(kind)
  const client = await MeteredRedis.open(server.url)
  try {
    const spin = (rounds: number): string => `local n = 0 for i = 1, ${rounds} do n = n + i % 7 end return { ARGV[1], 1 }`
    const [cheap, dear, bad] = await Promise.allSettled([
      client.call("EVAL", spin(1), "0", "a"),
      client.call("EVAL", spin(2_000_000), "0", "b"),
      client.call("EVALSHA", "0".repeat(40), "0"),
    ])
    expect([cheap, dear].map((one) => one?.status === "fulfilled" && one.value)).toEqual([
      ["a", 1],
      ["b", 1],
    ])
    expect(bad).toMatchObject({ status: "rejected", reason: { message: expect.stringMatching(/^NOSCRIPT/) } })
    await client.set("key", "value")
    const [first, second, ...more] = await client.take()
    expect(more).toEqual([])
    expect(first?.ms).toBeLessThan(3)
    // Two million rounds take no processor less than this.
    expect(second?.ms).toBeGreaterThan(3)
    expect(await client.take()).toEqual([])
  } finally {
    client.disconnect()
  }
})
