import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, test } from "vitest"
import { type ConformanceSetup, createFakeClock, describeSessionService, type ProviderTraits, type ServiceUnderTest } from "../../exports/testing.js"
import { DEFECTS, UNCHANGED } from "../support/defects.js"
import { MEMORY_TRAITS, memorySetup } from "../support/memory-store.js"

/** The first test of each suite, for a provider that waits by a timer that keeps no process alive, as the deadline of a call does. */
const FIRST_TESTS = `
import assert from "node:assert/strict"
import { describeRateLimitingService, describeSessionService } from "coatcheck/testing"

const setup = () => new Promise((_, reject) => setTimeout(() => reject(new Error("waited")), 50).unref())
for (const describeService of [describeSessionService, describeRateLimitingService]) {
  const tests = []
  describeService({ describe: (_, body) => body(), it: (_, body) => tests.push(body) }, "collected", setup)
  await assert.rejects(tests[0], /waited/)
}
`

/** Collects what the suite registers instead of running it. */
function collect(setup: ConformanceSetup, traits: ProviderTraits) {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = []
  describeSessionService({ describe: (_, body) => body(), it: (name, body) => tests.push({ name, body }) }, "collected", setup, traits)
  return tests
}

/** The name of the first test that a changed memory service fails, or `null`. */
async function firstFailure(change: (service: ServiceUnderTest) => ServiceUnderTest): Promise<string | null> {
  for (const { name, body } of collect(memorySetup(change), MEMORY_TRAITS)) {
    const [outcome] = await Promise.allSettled([body()])
    if (outcome.status === "rejected") return name
  }
  return null
}

describe("the conformance suite", () => {
  test.each(Object.entries(DEFECTS))("finds out a service that %s", async (_, defect) => {
    expect(await firstFailure(defect)).not.toBeNull()
  })

  test("passes a service that is only passed on", async () => {
    expect(await firstFailure(UNCHANGED)).toBeNull()
  })

  test("keeps the process awake during a test, and no longer", async () => {
    const cwd = fileURLToPath(new URL("../../../", import.meta.url))
    await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", FIRST_TESTS], { cwd, timeout: 20_000 })
  })

  test("lists what a provider cannot show, with its reason, and nothing for one that can show all", () => {
    const names = collect(memorySetup(), MEMORY_TRAITS).map(({ name }) => name)
    const unproved = names.filter((name) => name.startsWith("not proved"))
    expect(unproved).toHaveLength(2)
    expect(unproved[0]).toContain("each memory store belongs to one service")
    const all = collect(memorySetup(), {}).map(({ name }) => name)
    expect(all.filter((name) => name.startsWith("not proved"))).toEqual([])
    const listed = unproved.join("\n")
    for (const name of all.filter((one) => !names.includes(one))) expect(listed).toContain(name)
  })

  test("does not let a provider pass that lacks something and does not say so", async () => {
    const silent = collect(memorySetup(), {}).find(({ name }) => name === "one store: what one writes the other sees")
    await expect(silent?.body()).rejects.toThrow("offers no `another`")
  })

  test("does not let a provider declare as lacking what it offers, or give no reason", async () => {
    const offering: ConformanceSetup = async (options) => ({ ...(await memorySetup()(options)), another: () => Promise.reject(new Error("not asked for")) })
    const bodyOf = (setup: ConformanceSetup, because: string) =>
      collect(setup, { lacks: { another: because } })
        .find(({ name }) => name.startsWith("not proved"))
        ?.body()
    await expect(bodyOf(offering, "it has none of it")).rejects.toThrow("is offered and declared as lacking")
    await expect(bodyOf(memorySetup(), "no")).rejects.toThrow("say in a few words why")
  })
})

describe("the fake clock", () => {
  test("stands still until it is told to move", () => {
    const clock = createFakeClock("2026-01-01T00:00:00Z")
    const start = Date.UTC(2026, 0, 1)
    expect(clock.now()).toBe(start)
    clock.advance("1.5h")
    clock.advance(60)
    clock.advance("1ms")
    expect(clock.now()).toBe(start + 5_400_000 + 60_000 + 1)
    expect(createFakeClock(new Date(5)).now()).toBe(5)
    expect(createFakeClock().now()).toBe(start)
  })

  test("goes from 1970 to 2250 and no further: stores cannot keep what lies beyond", () => {
    const refused = expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" })
    for (const start of [new Date(-1), "1969-12-31T23:59:59Z", "2250-01-01T00:00:01Z", new Date(8.64e15)]) expect(() => createFakeClock(start)).toThrow(refused)
    const clock = createFakeClock("2249-12-31T23:59:00Z")
    expect(() => clock.advance("61s")).toThrow(refused)
    clock.advance("60s")
    expect(clock.now()).toBe(Date.UTC(2250, 0))
    expect(createFakeClock(new Date(0)).now()).toBe(0)
  })

  test("refuses what is no time and no duration", () => {
    for (const start of ["soon", new Date(Number.NaN), 5]) {
      expect(() => createFakeClock(start as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" }))
    }
    for (const by of [-1, "10", "soon", Number.NaN]) {
      expect(() => createFakeClock().advance(by as never)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARGUMENT" }))
    }
  })
})
