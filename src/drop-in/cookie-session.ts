import type { SaveRecord } from "../domain/interfaces/records/IRecordStore.js"
import { lifetimeUntil } from "../domain/records/lifetime.js"
import type { MergeRule } from "../domain/records/merge-fields.js"

/** A session as express-session and @fastify/session keep it: with what its cookie says. */
interface CookieSession {
  readonly cookie?: unknown
}

/** How long a session is kept from now, in milliseconds: until its cookie expires, or `idleMs` where that says nothing. */
export function cookieLifetime({ cookie }: CookieSession, idleMs: number): number {
  const { expires } = (cookie ?? {}) as { readonly expires?: unknown }
  return lifetimeUntil(expires, idleMs, Date.now())
}

/** What is to be stored of a session, taken down at once: it may change before the store is open. */
export function saveOf(session: CookieSession, idleMs: number, rule: MergeRule): SaveRecord {
  const lifetimeOf = (fields: CookieSession): number => cookieLifetime(fields, idleMs)
  return { text: JSON.stringify(session), lifetimeMs: lifetimeOf(session), lifetimeOf, rule }
}
