import { expect } from "vitest"
import { askServer, type TestSentinels } from "./servers.js"

/** Where the machine is slow. */
export const BACK_WITHIN_MS = 60_000

export function sentinelUrl({ sentinels, primaryName }: TestSentinels): string {
  return `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${primaryName}`
}

/** Waits until the replicas have whatever the primary has acknowledged. */
export async function replicated(group: TestSentinels): Promise<void> {
  expect(await askServer(group.primary.port, "WAIT 2 5000")).toMatch(/^:/)
  await expect
    .poll(
      async () => {
        const [, primary] = /master_repl_offset:(\d+)/.exec(await askServer(group.primary.port, "INFO replication")) ?? []
        const behind = await Promise.all(group.replicas.map(({ port }) => askServer(port, "INFO replication")))
        return behind.every((text) => /slave_repl_offset:(\d+)/.exec(text)?.[1] === primary)
      },
      { timeout: BACK_WITHIN_MS },
    )
    .toBe(true)
}

/** From here on nothing that the primary acknowledges reaches a replica, not even one that wakes up later. */
export async function cutReplication(group: TestSentinels): Promise<void> {
  for (const replica of group.replicas) replica.pause()
  await askServer(group.primary.port, "CLIENT KILL TYPE replica")
}

export async function failOver(group: TestSentinels): Promise<void> {
  await group.primary.kill9()
  for (const replica of group.replicas) replica.resume()
}
