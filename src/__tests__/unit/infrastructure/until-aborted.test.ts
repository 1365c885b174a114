import { describe, expect, it } from "vitest"
import { pause, untilAborted } from "../../../infrastructure/until-aborted.js"
import { expectNoUnhandledRejections } from "../../support/unhandled-rejections.js"

expectNoUnhandledRejections()

const GONE = new Error("nobody waits any more")

describe("a pause", () => {
  it.each(["before", "meanwhile"])("ends with the signal that was aborted %s", async (when) => {
    const controller = new AbortController()
    const began = performance.now()
    if (when === "before") controller.abort(GONE)
    const pausing = pause(5_000, controller.signal)
    if (when === "meanwhile") setTimeout(() => controller.abort(GONE), 5)
    await pausing
    expect(performance.now() - began).toBeLessThan(2_500)
  })
})

describe("waiting until a signal", () => {
  it("gives what comes, and lets go of the signal", async () => {
    const controller = new AbortController()
    expect(await untilAborted(Promise.resolve("an answer"), controller.signal)).toBe("an answer")
    await expect(untilAborted(Promise.reject(GONE), controller.signal)).rejects.toBe(GONE)
    await expect(untilAborted(Promise.reject(GONE), undefined)).rejects.toBe(GONE)
  })

  it.each(["before", "meanwhile"])("ends with the signal's reason where it was aborted %s, whatever becomes of the rest", async (when) => {
    const controller = new AbortController()
    let fail: (reason: unknown) => void = () => undefined
    const late = new Promise<never>((_resolve, reject) => {
      fail = reject
    })
    if (when === "before") controller.abort(GONE)
    const waiting = untilAborted(late, controller.signal)
    if (when === "meanwhile") controller.abort(GONE)
    await expect(waiting).rejects.toBe(GONE)
    fail(new Error("the store is away"))
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
})
