import type { SaveRecord } from "../domain/interfaces/records/IRecordStore.js"
import { lifetimeUntil } from "../domain/records/lifetime.js"
import type { Fields, MergeRule } from "../domain/records/merge-fields.js"
import { assertSession, textOf } from "./session-text.js"

/** What is to be stored of a session, taken down at once: it may change before the store is open. */
export function saveOf(session: object, idleMs: number, rule: MergeRule): SaveRecord {
  return new CookieSave(textOf(session), idleMs, rule)
}

/** The use of a session: what its cookie says of how long it lasts, and nothing else of it. */
export function useOf(session: { readonly cookie?: unknown }, idleMs: number, rule: MergeRule): SaveRecord {
  assertSession(session)
  return new CookieSave(textOf({ cookie: session.cookie }), idleMs, rule)
}

/** A save of a session as express-session and @fastify/session keep it: it lasts until its cookie expires, or `idleMs` where that says nothing. */
class CookieSave implements SaveRecord {
  readonly text: string
  readonly rule: MergeRule
  readonly #idleMs: number

  constructor(text: string, idleMs: number, rule: MergeRule) {
    this.text = text
    this.rule = rule
    this.#idleMs = idleMs
  }

  lifetimeOf(fields: Fields): number {
    return lifetimeUntil(expiryOf(fields), this.#idleMs, Date.now())
  }
}

function expiryOf({ cookie }: Fields): unknown {
  return ((cookie ?? {}) as { readonly expires?: unknown }).expires
}
