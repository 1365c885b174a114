/**
 * What is asked to renew a lease. About a key, because a server that lost its part of a cluster still answers PING; who the server is, because a primary
 * that became a replica tells of no change in time; whether tracking is on still; and the time.
 *
 * @param key - of no session
 */
export function leaseProbe(key: string): readonly (readonly string[])[] {
  return [["EXISTS", key], ["ROLE"], ["CLIENT", "TRACKINGINFO"], ["TIME"]]
}

/** The server's clock in milliseconds by the answers to a probe; `null` when they do not come from a primary that tracks. */
export function serverTimeOf([, role, tracking, time]: readonly unknown[]): number | null {
  if (!Array.isArray(role) || String(role[0]) !== "master") return null
  if (!Array.isArray(time) || !flagsOf(tracking).includes("on")) return null
  const milliseconds = Number(time[0]) * 1_000 + Number(time[1]) / 1_000
  return Number.isFinite(milliseconds) ? milliseconds : null
}

/** Clients give RESP3's maps as objects, and its sets as lists. */
function flagsOf(tracking: unknown): readonly string[] {
  const { flags } = Object(tracking) as { readonly flags?: unknown }
  return Array.isArray(flags) ? flags.map(String) : []
}
