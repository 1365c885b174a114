import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

/**
 * Whether a stopped server was stopped while it made its append-only file last. Then it may have answered writes that it had not handed to the
 * kernel yet, and they end with it. Told by the kernel's state of the thread that does it.
 */
export function isSyncing(pid: number): boolean {
  const tasks = `/proc/${pid}/task`
  return readdirSync(tasks).some((task) => {
    const [, name = "", state = ""] = /\((.*)\) (\S)/.exec(readFileSync(join(tasks, task, "stat"), "utf8")) ?? []
    return name.startsWith("bio_aof") && state === "D"
  })
}
