import { getEventListeners } from "node:events"
import { describe, expect, it, vi } from "vitest"
import { onAbort } from "../../../infrastructure/abort-hub.js"

const listeners = ({ signal }: AbortController): number => getEventListeners(signal, "abort").length

describe("callbacks of one signal", () => {
  it("share one listener, which goes with the last of them", () => {
    const controller = new AbortController()
    const forget = Array.from({ length: 50 }, () => onAbort(controller.signal, () => undefined))
    expect(listeners(controller)).toBe(1)
    for (const one of forget.slice(1)) one()
    expect(listeners(controller)).toBe(1)
    forget[0]?.()
    expect(listeners(controller)).toBe(0)
  })

  it("are called once each, but for those that were taken back, also by another one", () => {
    const controller = new AbortController()
    const [kept, taken, takenByKept] = [vi.fn(), vi.fn(), vi.fn()]
    const forgetKept = onAbort(controller.signal, () => {
      kept()
      forgetOther()
    })
    onAbort(controller.signal, taken)()
    const forgetOther = onAbort(controller.signal, takenByKept)
    controller.abort()
    forgetKept()
    expect([kept, taken, takenByKept].map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0])
    expect(listeners(controller)).toBe(0)
  })

  it("of before do not remove the listener of later ones", () => {
    const controller = new AbortController()
    const forget = onAbort(controller.signal, () => undefined)
    forget()
    const later = vi.fn()
    onAbort(controller.signal, later)
    forget()
    controller.abort()
    expect(later).toHaveBeenCalledOnce()
  })
})
