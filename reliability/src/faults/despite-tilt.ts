import type { SentinelGroup } from "../servers/SentinelGroup.js"

const MOST_ATTEMPTS = 3

/**
 * Sentinels that got no time of a busy machine do nothing for a while, and no failover comes of a fault. Such a round says nothing, and is done again.
 *
 * @param round ends what it began also when it fails
 */
export async function despiteTilt<T>(group: SentinelGroup, round: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const before = group.tilts()
    try {
      return await round()
    } catch (error) {
      if (group.tilts() === before || attempt === MOST_ATTEMPTS) throw error
      await group.waitUntilWhole()
    }
  }
}
