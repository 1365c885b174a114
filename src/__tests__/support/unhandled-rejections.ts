import { afterAll, beforeAll, expect } from "vitest"

/** Fails the file's tests when a promise was rejected and nobody heard of it. To be called once, outside of every test. */
export function expectNoUnhandledRejections(): void {
  const unhandled: unknown[] = []
  const onUnhandled = (reason: unknown): void => void unhandled.push(reason)
  beforeAll(() => void process.on("unhandledRejection", onUnhandled))
  afterAll(() => {
    process.removeListener("unhandledRejection", onUnhandled)
    expect(unhandled).toEqual([])
  })
}
