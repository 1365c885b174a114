/**
 * How far a change has to have come before its call answers.
 *
 * - `none`: the server has it.
 * - `replicas`: at least one replica has received it as well.
 * - `fsync`: it is on the server's disk.
 */
export type Durability = "none" | "replicas" | "fsync"

/** Servers look for waits whose time is up every 100 ms. */
const LATE_MS = 150
const LEAST_SHARE = 0.2

/** The command that waits until what its connection wrote has come so far. @param timeoutMs - of a whole call, in milliseconds */
export function waitCommand(durability: "replicas" | "fsync", timeoutMs: number): readonly string[] {
  // A call may have to wait for those before it first. Zero would wait for ever.
  const wait = String(Math.max(1, Math.floor(Math.max(timeoutMs / 2 - LATE_MS, timeoutMs * LEAST_SHARE))))
  return durability === "replicas" ? ["wait", "1", wait] : ["waitaof", "1", "0", wait]
}
