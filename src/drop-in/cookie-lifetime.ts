import { lifetimeUntil } from "../domain/records/lifetime.js"

/** How long a session with a field `cookie` is kept from now, in milliseconds: until its cookie expires, or `idleMs` where that says nothing. */
export function cookieLifetime({ cookie }: { readonly cookie?: unknown }, idleMs: number): number {
  const { expires } = (cookie ?? {}) as { readonly expires?: unknown }
  return lifetimeUntil(expires, idleMs, Date.now())
}
