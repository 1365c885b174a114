/** A server that keeps one slot of 16 384 is found a key for nearly always. */
const MOST_KEYS_TRIED = 100_000

/**
 * What is asked to renew a lease. About a key, because a server that lost its part of a cluster still answers PING; who the server is, because a primary
 * that became a replica tells of no change in time; whether tracking is on still; and the time.
 *
 * On a cluster also who keeps which slots.
 *
 * @param key - of no session, and kept by the server that is asked
 */
export function leaseProbe(key: string, isCluster = false): readonly (readonly string[])[] {
  return [["EXISTS", key], ["ROLE"], ["CLIENT", "TRACKINGINFO"], ["TIME"], ...(isCluster ? [["CLUSTER", "SLOTS"]] : [])]
}

/** A key of no session that a certain server keeps, as far as one is found. */
export function probeKey(prefix: string, isKept: (key: string) => boolean): string {
  const first = `${prefix}near-cache`
  for (let n = 0, key = first; n < MOST_KEYS_TRIED; n += 1, key = `${first}:${n}`) if (isKept(key)) return key
  return first
}

/** Which primary keeps which slots by the answers to a probe, to be compared with another; always the same without a cluster. */
export function slotsOf([, , , , slots]: readonly unknown[]): string {
  if (!Array.isArray(slots)) return ""
  // Beside a primary's address and id its replicas may come and go.
  return JSON.stringify(slots.map(([from, to, [host, port, id]]: [number, number, readonly string[]]) => [from, to, host, port, id].join(" ")).sort())
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
