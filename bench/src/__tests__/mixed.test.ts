import { describe, expect, it } from "vitest"
import { hundredCalls, MIX, mixed, mixedParts } from "../sessions/mixed.js"

describe("hundredCalls", () => {
  it("has each kind as often as the mix says", () => {
    const hundred = hundredCalls()
    for (const [kind, count] of Object.entries(MIX)) expect(hundred.filter((one) => one === kind)).toHaveLength(count)
    expect(hundred).toHaveLength(100)
  })
})

describe("mixed", () => {
  const partsOf = (done: string[]) => {
    const part = (kind: string) => ({ refill: async () => void done.push(`refill ${kind}`), call: async (at: number) => void done.push(`${kind} ${at}`) })
    return { read: part("read"), update: part("update"), create: part("create"), end: part("end") }
  }

  it("does each kind in its share, each with its own count", async () => {
    const done: string[] = []
    const work = mixed(partsOf(done))
    for (let at = 0; at < 200; at++) expect(await work.call(at)).toBe(true)
    expect(done).toHaveLength(200)
    expect(new Set(done).size).toBe(200)
    expect(done).toContain("read 169")
    expect(done).toContain("end 5")
    expect(done).not.toContain("end 6")
  })

  it("lays ready what any of them uses up", async () => {
    const done: string[] = []
    await mixed(partsOf(done)).refill?.()
    expect(done).toEqual(["refill read", "refill update", "refill create", "refill end"])
  })

  it("is wrong when one of them is", async () => {
    const work = mixed({ ...partsOf([]), read: { call: async () => null, isRight: (session) => session !== null } })
    expect(await work.call(hundredCalls().indexOf("read"))).toBe(false)
    expect(await work.call(hundredCalls().indexOf("create"))).toBe(true)
  })

  it("is not made of rows that lack one", () => expect(mixedParts({ read: { name: "read", work: { call: async () => null } } })).toBeNull())
})
