import type { Limit } from "./algorithm.js"

/** One holder's place. `endsAt`: microseconds since the epoch. */
export interface Held {
  readonly id: string
  readonly endsAt: number
}

/**
 * Leases that are still held. One that lies further ahead than a lease can, since the clock was set back, ends as one that begins now.
 *
 * Bound: at no instant more than `capacity` leases. Whoever works on after the end of a lease works beside it. `period`: how long a lease lasts.
 */
export function settleLeases(leases: readonly Held[], { period }: Limit, now: number): readonly Held[] {
  return leases.filter(({ endsAt }) => endsAt > now).map(({ id, endsAt }) => ({ id, endsAt: Math.min(endsAt, now + period) }))
}

/** Microseconds until a place is free at the latest; 0: one is free now, or held by this holder already. All leases are settled. */
export function waitForLease(leases: readonly Held[], { capacity }: Limit, now: number, id: string | null): number {
  const surplus = leases.length + 1 - capacity
  if (surplus <= 0 || leases.some((lease) => lease.id === id)) return 0
  const ends = leases.map(({ endsAt }) => endsAt).sort((a, b) => a - b)
  return (ends[surplus - 1] ?? now) - now
}

/** Begins a lease, or begins its time anew. */
export function holdLease(leases: readonly Held[], { period }: Limit, now: number, id: string): readonly Held[] {
  return [...releaseLease(leases, id), { id, endsAt: now + period }]
}

export function releaseLease(leases: readonly Held[], id: string): readonly Held[] {
  return leases.filter((lease) => lease.id !== id)
}

/** Microseconds until no lease is held any more. */
export function leasesEnd(leases: readonly Held[], now: number): number {
  return leases.reduce((last, { endsAt }) => Math.max(last, endsAt - now), 0)
}
