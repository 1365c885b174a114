/**
 * What a caller may see of a session service, as plainly as it can be said: a Map, a clock, and nothing of the library's own rules,
 * so that the two can disagree. Between the idle timeout and its slack a session may be there or not; the model is never asked then.
 */

export interface ModelSession {
  readonly name: number
  readonly userId: string | null
  readonly pendingUserId: string | null
  readonly counted: boolean
  readonly createdAt: number
  readonly absoluteEnd: number
  idle: number
  lastAccess: number
  version: number
  attributes: Record<string, number>
  secret: string
  old: { readonly secret: string; readonly until: number } | null
}

/** A session as a caller sees it: times count from the creation. */
export interface Visible {
  readonly userId: string | null
  readonly pendingUserId: string | null
  readonly version: number
  readonly attributes: Readonly<Record<string, number>>
  readonly accessed: number
  readonly expires: number
}

export class SessionModel {
  /** Every session that was ever opened, the oldest first; ended ones are `null`. */
  readonly sessions: (ModelSession | null)[] = []
  readonly #touchInterval: number
  readonly #marginMs: number

  constructor(options: { readonly touchInterval: number; readonly marginMs: number }) {
    this.#touchInterval = options.touchInterval
    this.#marginMs = options.marginMs
  }

  /** Whether nothing is about to happen by itself within the margin, so that an answer can be foretold. */
  isSure(now: number): boolean {
    return this.sessions.every((session) => session === null || this.#sure(session, now))
  }

  #sure(session: ModelSession, now: number): boolean {
    const far = (moment: number): boolean => Math.abs(now - moment) > this.#marginMs
    const touchable = session.lastAccess + this.#slack(session)
    const idleEnd = session.lastAccess + session.idle
    const between = now > idleEnd - this.#marginMs && now < idleEnd + this.#slack(session) + this.#marginMs
    return !between && far(session.absoluteEnd) && (this.#slack(session) === 0 || far(touchable)) && (session.old === null || far(session.old.until))
  }

  #slack(session: ModelSession): number {
    return Math.min(this.#touchInterval, Math.floor(session.idle / 10))
  }

  #live(name: number, now: number): ModelSession | null {
    const session = this.sessions[name] ?? null
    return session !== null && now < session.absoluteEnd && now <= session.lastAccess + session.idle ? session : null
  }

  #open(name: number, secret: string, now: number): ModelSession | null {
    const session = this.#live(name, now)
    if (session === null) return null
    const inGrace = session.old !== null && now < session.old.until && session.old.secret === secret
    return session.secret === secret || inGrace ? session : null
  }

  #ofUser(userId: string, now: number): ModelSession[] {
    return this.sessions.flatMap((_, name) => {
      const session = this.#live(name, now)
      return session !== null && (session.userId ?? session.pendingUserId) === userId ? [session] : []
    })
  }

  see(session: ModelSession): Visible {
    const { userId, pendingUserId, version, attributes, createdAt, lastAccess } = session
    const expires = Math.min(lastAccess + session.idle, session.absoluteEnd) - createdAt
    return { userId, pendingUserId, version, attributes: { ...attributes }, accessed: lastAccess - createdAt, expires }
  }

  /** The names of the sessions that the limit ends, or that the house is full. */
  create(
    session: Omit<ModelSession, "name" | "version" | "old" | "counted">,
    limit: { readonly max: number; readonly reject: boolean } | null,
  ): readonly number[] | "full" {
    const now = session.createdAt
    const counted = session.userId !== null
    const others = counted && session.userId !== null ? this.#ofUser(session.userId, now).filter((other) => other.counted) : []
    const surplus = limit === null || !counted ? 0 : Math.max(0, others.length + 1 - limit.max)
    if (surplus > 0 && limit?.reject) return "full"
    const evicted = others.slice(0, surplus).map((other) => other.name)
    for (const name of evicted) this.sessions[name] = null
    this.sessions.push({ ...session, name: this.sessions.length, version: 1, old: null, counted })
    return evicted
  }

  get(name: number, secret: string, now: number, touch: boolean): Visible | null {
    const session = this.#open(name, secret, now)
    if (session === null) return null
    if (touch && now - session.lastAccess >= this.#slack(session)) session.lastAccess = now
    return this.see(session)
  }

  update(
    name: number,
    proof: { readonly secret: string } | { readonly userId: string },
    now: number,
    change: (own: Record<string, number>) => Record<string, number>,
    ifVersion?: number,
  ): Visible | null | "conflict" {
    const session = "secret" in proof ? this.#open(name, proof.secret, now) : (this.#ofUser(proof.userId, now).find((own) => own.name === name) ?? null)
    if (session === null) return null
    if (ifVersion !== undefined && ifVersion !== session.version) return "conflict"
    session.attributes = change({ ...session.attributes })
    session.version += 1
    session.lastAccess = now
    return this.see(session)
  }

  extend(name: number, secret: string, now: number, idle: number | undefined): Visible | null {
    const session = this.#open(name, secret, now)
    if (session === null) return null
    session.idle = idle ?? session.idle
    session.lastAccess = now
    return this.see(session)
  }

  /** The caller puts the new secret in when the service has told it. */
  rotate(
    name: number,
    secret: string,
    now: number,
    grace: number,
    change?: (own: Record<string, number>) => Record<string, number>,
  ): Visible | null | "conflict" {
    const session = this.#open(name, secret, now)
    if (session === null) return null
    if (session.secret !== secret) return "conflict"
    session.old = grace > 0 && change === undefined ? { secret, until: now + grace } : null
    session.secret = ""
    if (change !== undefined) {
      session.attributes = change({ ...session.attributes })
      session.version += 1
    }
    session.lastAccess = now
    return this.see(session)
  }

  delete(name: number, secret: string, now: number, ifVersion?: number): boolean | "conflict" {
    const session = this.#open(name, secret, now)
    if (session === null) return false
    if (ifVersion !== undefined && ifVersion !== session.version) return "conflict"
    this.sessions[name] = null
    return true
  }

  deleteOfUser(userId: string, name: number, now: number): boolean {
    if (!this.#ofUser(userId, now).some((session) => session.name === name)) return false
    this.sessions[name] = null
    return true
  }

  deleteAllOfUser(userId: string, except: number | null, now: number): number {
    const ended = this.#ofUser(userId, now).filter((session) => session.name !== except)
    for (const { name } of ended) this.sessions[name] = null
    return ended.length
  }

  /** Newest first; pending sessions are not listed. */
  list(userId: string, now: number): readonly number[] {
    return this.#ofUser(userId, now)
      .filter((session) => session.userId === userId)
      .map((session) => session.name)
      .reverse()
  }
}
