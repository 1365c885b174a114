import { setTimeout as pause } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { crowd } from "../sessions/crowd.js"

describe("crowd", () => {
  it("answers in order, whoever is first", async () => {
    expect(await crowd(5, (at) => pause(5 - at, at))).toEqual([0, 1, 2, 3, 4])
    expect(await crowd(0, async () => 1)).toEqual([])
  })

  it("begins nothing more when one has failed, and waits for what is under way", async () => {
    let begun = 0
    let under = 0
    const work = async (at: number) => {
      begun++
      under++
      await pause(at === 3 ? 1 : 5)
      under--
      if (at === 3) throw new Error("the fourth")
    }
    await expect(crowd(10_000, work)).rejects.toThrow("the fourth")
    expect(under).toBe(0)
    expect(begun).toBeLessThan(1_000)
  })

  it("ends when it is cancelled", async () => {
    const cancel = new AbortController()
    const work = async (at: number) => {
      if (at === 300) cancel.abort(new Error("enough"))
    }
    await expect(crowd(10_000, work, { signal: cancel.signal })).rejects.toThrow("enough")
  })
})
