import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { Breaker } from "../../../../../infrastructure/redis/failures/Breaker.js"

describe("a breaker", () => {
  let breaker: Breaker
  const probe = vi.fn<() => Promise<void>>()
  const renew = vi.fn()
  const fail = (times: number): void => {
    for (let i = 0; i < times; i++) breaker.failed(performance.now())
  }

  beforeEach(() => {
    vi.useFakeTimers()
    probe.mockReset().mockImplementation(async () => breaker.failed(performance.now()))
    renew.mockReset()
    breaker = new Breaker({ probe, renew })
  })
  afterEach(() => {
    breaker.stop()
    vi.useRealTimers()
  })

  it("opens after five failures in a row, and not after five with a reply in between", () => {
    fail(4)
    breaker.answered()
    fail(4)
    expect(breaker.isOpen).toBe(false)
    fail(1)
    expect(breaker.isOpen).toBe(true)
  })

  it("asks by itself while it is open, one question at a time, at random intervals of 250 to 500 ms", async () => {
    const random = vi.spyOn(Math, "random").mockReturnValue(0)
    let finish = (): void => undefined
    probe.mockImplementation(() => new Promise<void>((resolve) => (finish = resolve)))
    fail(5)
    await vi.advanceTimersByTimeAsync(249)
    expect(probe).toHaveBeenCalledTimes(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(probe).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(probe).toHaveBeenCalledTimes(1)
    random.mockReturnValue(1)
    finish()
    await vi.advanceTimersByTimeAsync(499)
    expect(probe).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(probe).toHaveBeenCalledTimes(2)
    random.mockRestore()
  })

  it("closes at the first reply, whoever gets it, and asks no more", async () => {
    probe.mockImplementationOnce(async () => breaker.failed(performance.now())).mockImplementationOnce(async () => breaker.answered())
    fail(5)
    await vi.advanceTimersByTimeAsync(500)
    expect(breaker.isOpen).toBe(true)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(breaker.isOpen).toBe(false)
    expect(probe).toHaveBeenCalledTimes(2)
    fail(5)
    expect(breaker.isOpen).toBe(true)
    breaker.answered()
    expect(breaker.isOpen).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(probe).toHaveBeenCalledTimes(2)
  })

  it("asks once at a time also when it is closed and opened again during a probe", async () => {
    let finish = (): void => undefined
    probe.mockImplementation(() => new Promise<void>((resolve) => (finish = resolve)))
    fail(5)
    await vi.advanceTimersByTimeAsync(500)
    breaker.answered()
    fail(5)
    finish()
    await vi.advanceTimersByTimeAsync(0)
    expect(vi.getTimerCount()).toBe(1)
  })

  it("has the connection made anew after three silences that follow each other, and every three further ones", async () => {
    const silence = (): void => {
      const beganAt = performance.now()
      vi.advanceTimersByTime(100)
      for (let i = 0; i < 200; i++) breaker.failed(beganAt)
    }
    silence()
    silence()
    expect(renew).toHaveBeenCalledTimes(0)
    silence()
    expect(renew).toHaveBeenCalledTimes(1)
    breaker.answered()
    silence()
    silence()
    expect(renew).toHaveBeenCalledTimes(1)
    silence()
    expect(renew).toHaveBeenCalledTimes(2)
  })

  it("does nothing more once it is stopped", async () => {
    fail(5)
    breaker.stop()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(probe).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})
