import { setTimeout as pause } from "node:timers/promises"

const EVERY_MS = 25

/** Waits until something holds, which may fail meanwhile. @throws when it does not in time */
export async function waitUntil(what: string, withinMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`Expected ${what} within ${withinMs} ms`)
    await pause(EVERY_MS)
  }
}
