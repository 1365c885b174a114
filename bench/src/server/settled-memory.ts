import { setTimeout as pause } from "node:timers/promises"
import { Redis } from "ioredis"

const LOOK_EVERY_MS = 100
const GIVE_UP_MS = 10_000
/** Of all memory; clients come and go with less. */
const STILL = 0.000_5
const LOOKS_ALIKE = 3

/** Reads `used_memory` of an answer to `INFO memory`. */
export function usedMemory(info: string): number {
  return Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? Number.NaN)
}

/** Whether an answer to `INFO memory` says that keys are being moved from one table to another. Both lie in memory until the last is moved, and nothing changes meanwhile. */
function isRehashing(info: string): boolean {
  return /^mem_overhead_db_hashtable_rehashing:[1-9]/m.test(info)
}

/** Asks until the answer stays the same, and no keys are being moved any more. */
export async function settledMemory(look: () => Promise<string>, everyMs = LOOK_EVERY_MS): Promise<number> {
  const deadline = performance.now() + GIVE_UP_MS
  let last = usedMemory(await look())
  for (let alike = 1; alike < LOOKS_ALIKE && performance.now() < deadline; ) {
    await pause(everyMs)
    const info = await look()
    const now = usedMemory(info)
    alike = Math.abs(now - last) <= last * STILL && !isRehashing(info) ? alike + 1 : 1
    last = now
  }
  return last
}

/** What servers use all in all, over connections of its own. */
export async function usedMemoryOf(urls: readonly string[]): Promise<number> {
  const clients = urls.map((url) => new Redis(url))
  try {
    const used = await Promise.all(clients.map((client) => settledMemory(() => client.info("memory"))))
    return used.reduce((sum, one) => sum + one, 0)
  } finally {
    for (const client of clients) client.disconnect()
  }
}
