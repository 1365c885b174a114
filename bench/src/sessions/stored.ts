import { createSessionService, type OwnedSessionService, type SessionAttributes, type SessionToken } from "coatcheck"
import type { RedisStore } from "connect-redis"
import type { SessionData } from "express-session"
import { type CrowdSettings, crowd } from "./crowd.js"
import { PER_USER, payloadOf } from "./payload.js"
import type { RawClient } from "./raw-client.js"

export type Sessions = OwnedSessionService<SessionAttributes, SessionAttributes>

/** A busy machine should make figures worse, not end the run. */
const PATIENCE = "30s"
/** What decides is what `due-touches.ts` makes old, not how long a measurement takes. */
const NEVER_DUE = "1h"

export interface FillSettings extends CrowdSettings {
  readonly bytes?: number
  /** Sessions a user. */
  readonly perUser?: number
}

/** Sessions in a store, in each form that is measured, and the names that they are found by. */
export interface Stored {
  readonly tokens: readonly SessionToken[]
  /** Of the bare JSON. */
  readonly keys: readonly string[]
  /** Of express-session. */
  readonly ids: readonly string[]
}

export function serviceOn(store: Parameters<typeof createSessionService>[0]["store"], more: { readonly [name: string]: unknown } = {}): Promise<Sessions> {
  return createSessionService({ store, touchInterval: NEVER_DUE, timeout: PATIENCE, ...more })
}

/** Opens a session. */
export async function openOn(sessions: Sessions, user: number, bytes?: number): Promise<SessionToken> {
  const { userId, device, attributes } = payloadOf(user, bytes)
  return (await sessions.createSession({ userId, device, attributes })).token
}

export function fillSessions(sessions: Sessions, count: number, { bytes, perUser = PER_USER, ...settings }: FillSettings): Promise<SessionToken[]> {
  return crowd(count, (at) => openOn(sessions, Math.floor(at / perUser), bytes), settings)
}

export function fillKeys(raw: RawClient, count: number, settings: FillSettings): Promise<string[]> {
  return crowd(
    count,
    async (at) => {
      const key = `plain:${crypto.randomUUID()}`
      await raw.set(key, JSON.stringify(payloadOf(Math.floor(at / PER_USER), settings.bytes)))
      return key
    },
    settings,
  )
}

export function fillStore(store: RedisStore, count: number, settings: FillSettings): Promise<string[]> {
  return crowd(
    count,
    async (at) => {
      const id = crypto.randomUUID()
      await store.set(id, expressSessionOf(Math.floor(at / PER_USER), settings.bytes))
      return id
    },
    settings,
  )
}

/** As express-session hands it to its store: with the cookie's attributes. */
export function expressSessionOf(user: number, bytes?: number): SessionData {
  return { cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: "/" }, ...payloadOf(user, bytes) }
}
