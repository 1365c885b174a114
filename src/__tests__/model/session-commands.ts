import { deepStrictEqual, ok } from "node:assert/strict"
import fc from "fast-check"
import type { SessionData, SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import { SessionError } from "../../exports/index.js"
import { Command, type Real } from "./model-command.js"
import type { SessionModel, Visible } from "./session-model.js"

const USERS = ["ada", "bob"] as const
/** A session by its age among those opened so far, and one of its tokens by age: 0 is the latest. */
interface Pick {
  readonly session: number
  readonly age: number
}
const pick: fc.Arbitrary<Pick> = fc.record({ session: fc.nat(), age: fc.constantFrom(0, 0, 0, 1, 2) })
const user = fc.constantFrom(...USERS)

/** What was picked, or `null` while there is none to pick. */
function picked(real: Real, { session, age }: Pick): { readonly name: number; readonly token: SessionToken; readonly sessionId: string } | null {
  if (real.tokens.length === 0) return null
  const name = session % real.tokens.length
  const tokens = real.tokens[name] ?? []
  const token = tokens[Math.max(0, tokens.length - 1 - age)]
  return token === undefined ? null : { name, token, sessionId: token.slice(0, 26) }
}

function seen(session: SessionData | null): Visible | null {
  if (session === null) return null
  const { userId, pendingUserId, version, createdAt, lastAccessedAt, expiresAt } = session
  const since = (date: Date): number => date.getTime() - createdAt.getTime()
  return {
    userId,
    pendingUserId,
    version,
    attributes: session.attributes as Record<string, number>,
    accessed: since(lastAccessedAt),
    expires: since(expiresAt),
  }
}

function agree(actual: SessionData | null | "conflict", wanted: Visible | null | "conflict", real: Real): void {
  const found = actual === "conflict" ? actual : seen(actual)
  if (found === null) real.met.add("absent")
  if (found === "conflict") real.met.add("conflict")
  if (found === null || wanted === null || found === "conflict" || wanted === "conflict") {
    deepStrictEqual(found, wanted)
    return
  }
  const { accessed, expires, ...rest } = found
  const { accessed: wantedAccess, expires: wantedExpiry, ...wantedRest } = wanted
  deepStrictEqual(rest, wantedRest)
  // Both the creation and the access may have been seen a little later than the model was told.
  ok(Math.abs(accessed - wantedAccess) <= 2 * real.toleranceMs, `lastAccessedAt: ${accessed}, expected ${wantedAccess}`)
  ok(Math.abs(expires - wantedExpiry) <= 2 * real.toleranceMs, `expiresAt: ${expires}, expected ${wantedExpiry}`)
}

async function orConflict<T>(call: Promise<T>): Promise<T | "conflict"> {
  return call.catch((error: unknown) => {
    if (SessionError.is(error, "ERR_SESSION_CONFLICT")) return "conflict" as const
    throw error
  })
}

const created = fc
  .record({
    who: fc.constantFrom({ userId: "ada" }, { userId: "ada" }, { userId: "bob" }, { pendingUserId: "ada" }, {}),
    limit: fc.constantFrom(
      null,
      null,
      { max: 1, reject: false },
      { max: 2, reject: false },
      { max: 3, reject: false },
      { max: 1, reject: true },
      { max: 2, reject: true },
    ),
    n: fc.nat(9),
    short: fc.boolean(),
  })
  .map(
    ({ who, limit, n, short }) =>
      new Command(`create(${JSON.stringify({ who, limit, n, short })})`, async (model, real, now) => {
        const idle = short ? Math.floor(real.idleMs / 2) : real.idleMs
        const asked = { ...who, attributes: { n }, idleTimeout: `${idle}ms`, absoluteTimeout: `${real.absoluteMs}ms` } as const
        const limited = limit === null ? {} : ({ maxSessionsPerUser: limit.max, onLimit: limit.reject ? "reject" : "evict-oldest" } as const)
        const answer = await real.service.createSession({ ...asked, ...limited }).catch((error: unknown) => {
          if (SessionError.is(error, "ERR_SESSION_LIMIT")) return "full" as const
          throw error
        })
        const { userId = null, pendingUserId = null } = who as { userId?: string; pendingUserId?: string }
        const secret = answer === "full" ? "" : answer.token
        const draft = { userId, pendingUserId, createdAt: now, absoluteEnd: now + real.absoluteMs, idle, lastAccess: now, attributes: { n }, secret }
        const wanted = model.create(draft, limit)
        if (wanted === "full") real.met.add("full")
        else if (wanted.length > 0) real.met.add("evicted")
        if (answer === "full" || wanted === "full") return deepStrictEqual(answer, wanted)
        const handles = new Map(real.tokens.map(([token], name) => [token?.slice(0, 26), name]))
        deepStrictEqual(
          answer.evicted.map((handle) => handles.get(handle)),
          wanted,
        )
        real.tokens.push([answer.token])
        const session = model.sessions.at(-1)
        ok(session)
        agree(answer.session, model.see(session), real)
      }),
  )

const got = fc.tuple(pick, fc.boolean()).map(
  ([which, touch]) =>
    new Command(`get(${JSON.stringify(which)}, touch ${touch})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const wanted = model.get(target.name, target.token, now, touch)
      const session = model.sessions[target.name] ?? null
      if (wanted !== null && session?.secret !== target.token) real.met.add("grace")
      if (wanted === null && session?.secret === target.token) real.met.add("expired")
      agree(await real.service.getSession(target.token, { touch }), wanted, real)
    }),
)

const patched = fc.tuple(pick, fc.constantFrom("a", "b"), fc.nat(9), fc.constantFrom(undefined, undefined, 1, 2, 3), fc.boolean()).map(
  ([which, key, value, ifVersion, unset]) =>
    new Command(`update(${JSON.stringify({ which, key, value, ifVersion, unset })})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const actual = await orConflict(real.service.updateSession(target.token, { [key]: value }, { ifVersion, unset: unset ? ["n"] : [] }))
      const change = (own: Record<string, number>) => {
        const next = { ...own, [key]: value }
        if (unset) delete next.n
        return next
      }
      agree(actual, model.update(target.name, { secret: target.token }, now, change, ifVersion), real)
    }),
)

const increment = (own: Record<string, unknown>): Record<string, number> => ({ ...(own as Record<string, number>), n: Number(own.n ?? 0) + 1 })

const incremented = pick.map(
  (which) =>
    new Command(`increment(${JSON.stringify(which)})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const actual = await real.service.updateSession(target.token, increment)
      agree(actual, model.update(target.name, { secret: target.token }, now, increment), real)
    }),
)

const updatedByHandle = fc.tuple(pick, user).map(
  ([which, userId]) =>
    new Command(`updateUserSession(${userId}, ${JSON.stringify(which)})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const actual = await real.service.updateUserSession(userId, target.sessionId, increment)
      agree(actual, model.update(target.name, { userId }, now, increment), real)
    }),
)

const extended = fc.tuple(pick, fc.constantFrom(undefined, 0.5, 1, 2)).map(
  ([which, factor]) =>
    new Command(`extend(${JSON.stringify(which)}, ${factor})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const idle = factor === undefined ? undefined : Math.floor(real.idleMs * factor)
      const actual = await real.service.extendSession(target.token, idle === undefined ? undefined : `${idle}ms`)
      agree(actual, model.extend(target.name, target.token, now, idle), real)
    }),
)

const rotated = fc.tuple(pick, fc.constantFrom(0, 0.5, 1), fc.boolean()).map(
  ([which, part, withChange]) =>
    new Command(`rotate(${JSON.stringify(which)}, grace ${part}, ${withChange})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const grace = withChange ? 0 : Math.min(60_000, Math.floor(real.idleMs * part))
      const options = withChange ? { changes: increment } : ({ grace: `${grace}ms` } as const)
      const actual = await orConflict(real.service.rotateSession(target.token, options))
      const wanted = model.rotate(target.name, target.token, now, grace, withChange ? increment : undefined)
      if (actual === "conflict" || actual === null) return deepStrictEqual(actual, wanted)
      agree(actual.session, wanted, real)
      const session = model.sessions[target.name]
      ok(session)
      session.secret = actual.token
      real.tokens[target.name]?.push(actual.token)
    }),
)

const deleted = fc.tuple(pick, fc.constantFrom(undefined, undefined, 1, 2, 3)).map(
  ([which, ifVersion]) =>
    new Command(`delete(${JSON.stringify({ which, ifVersion })})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      const actual = await orConflict(real.service.deleteSession(target.token, { ifVersion }))
      deepStrictEqual(actual, model.delete(target.name, target.token, now, ifVersion))
    }),
)

const deletedByHandle = fc.tuple(pick, user).map(
  ([which, userId]) =>
    new Command(`deleteUserSession(${userId}, ${JSON.stringify(which)})`, async (model, real, now) => {
      const target = picked(real, which)
      if (target === null) return
      deepStrictEqual(await real.service.deleteUserSession(userId, target.sessionId), model.deleteOfUser(userId, target.name, now))
    }),
)

const deletedAll = fc.tuple(user, fc.option(pick)).map(
  ([userId, kept]) =>
    new Command(`deleteUserSessions(${userId}, except ${JSON.stringify(kept)})`, async (model, real, now) => {
      const except = kept === null ? null : picked(real, kept)
      const actual = await real.service.deleteUserSessions(userId, { except: except?.sessionId })
      deepStrictEqual(actual, model.deleteAllOfUser(userId, except?.name ?? null, now))
    }),
)

const listed = fc.tuple(user, fc.integer({ min: 1, max: 4 })).map(
  ([userId, limit]) =>
    new Command(`list(${userId}, by ${limit})`, async (model, real, now) => {
      const wanted = model.list(userId, now)
      const found: string[] = []
      let cursor: string | undefined
      for (let pages = 0; pages < 100; pages += 1) {
        const page = await real.service.getUserSessions(userId, { limit, cursor })
        ok(page.sessions.length <= limit)
        found.push(...page.sessions.map((session) => session.sessionId))
        cursor = page.cursor
        if (cursor === undefined) break
      }
      deepStrictEqual(cursor, undefined)
      deepStrictEqual(
        found,
        wanted.map((name) => real.tokens[name]?.[0]?.slice(0, 26)),
      )
    }),
)

const advanced = fc.constantFrom(0.02, 0.05, 0.12, 0.3, 0.45, 0.8, 1.2, 2.5).map(
  (part) =>
    new Command(
      `advance(${part} of the idle timeout)`,
      async (_model, real) => {
        await real.advance(Math.ceil(real.idleMs * part))
      },
      true,
    ),
)

/** Everything a caller can do, in any order; time passes now and then. */
export function sessionCommands(maxCommands: number): fc.Arbitrary<Iterable<fc.AsyncCommand<SessionModel, Real>>> {
  const all = [
    created,
    created,
    got,
    got,
    patched,
    incremented,
    updatedByHandle,
    extended,
    rotated,
    rotated,
    deleted,
    deletedByHandle,
    deletedAll,
    listed,
    advanced,
    advanced,
  ]
  return fc.commands(all, { maxCommands, size: "max" })
}
