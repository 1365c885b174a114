// Code that knows only the contract: tested with a clock that stands still, put together by a container, decorated, replaced by a double.
import assert from "node:assert/strict"
import { createSessionService, type ISessionService, type SessionData } from "coatcheck"
import { createContainer, DI_TOKENS } from "coatcheck/container"
import { createFakeClock } from "coatcheck/testing"
import { createInjector } from "typed-inject"
import { z } from "zod"

const schema = z.object({ email: z.string(), roles: z.array(z.string()).default([]) })
type Stored = z.output<typeof schema>
type Written = z.input<typeof schema>

class Accounts {
  static readonly inject = ["sessions"] as const
  readonly #sessions: ISessionService<Stored, Written>
  constructor(sessions: ISessionService<Stored, Written>) {
    this.#sessions = sessions
  }
  async passwordChanged(userId: string, current: SessionData<Stored>): Promise<number> {
    return this.#sessions.deleteUserSessions(userId, { except: current.sessionId, reason: "revoked" })
  }
}

/** Reads only: takes any service, whatever its attributes. */
async function whoIs(sessions: Pick<ISessionService, "getSession">, token: string | undefined): Promise<string | null> {
  return (await sessions.getSession(token))?.userId ?? null
}

const clock = createFakeClock("2026-01-01T00:00:00Z")
{
  await using sessions = await createSessionService({ store: "memory:", schema, idleTimeout: "30m", clock })
  const { token } = await sessions.createSession({ userId: "grace", attributes: { email: "grace@navy.example" } })
  clock.advance("29m")
  assert.equal(await whoIs(sessions, token), "grace")
  clock.advance("34m")
  assert.equal(await whoIs(sessions, token), null)
}

// Another store is one line.
const provider =
  process.env.REDIS_URL === undefined || process.env.NODE_ENV === "test"
    ? await createSessionService({ store: "memory:", schema })
    : await createSessionService({ store: "redis://127.0.0.1", schema })
const accounts = createInjector().provideValue("sessions", provider).injectClass(Accounts)
const [one, two] = [
  await provider.createSession({ userId: "grace", attributes: { email: "a" } }),
  await provider.createSession({ userId: "grace", attributes: { email: "b" } }),
]
assert.equal(await accounts.passwordChanged("grace", one.session), 1)
assert.equal(await whoIs(provider, two.token), null)
assert.equal(await whoIs(provider, one.token), "grace")

// The library's own container.
await using container = await createContainer({ store: "memory:" })
const resolved: ISessionService = container.injector.resolve(DI_TOKENS.SESSION_SERVICE)
assert.equal(await whoIs(resolved, (await resolved.createSession({ userId: "ada" })).token), "ada")

// A double of one method.
const nobody: Pick<ISessionService<Stored, Written>, "getSession"> = { getSession: async () => null }
assert.equal(await whoIs(nobody, one.token), null)

/** A decorator over the contract. */
class Audited<A extends object, I extends object> implements Pick<ISessionService<A, I>, "deleteSession" | "createSession"> {
  readonly log: string[] = []
  readonly #inner: ISessionService<A, I>
  constructor(inner: ISessionService<A, I>) {
    this.#inner = inner
  }
  readonly deleteSession: ISessionService<A, I>["deleteSession"] = (token, options) => this.#inner.deleteSession(token, options)
  readonly createSession: ISessionService<A, I>["createSession"] = (options) => {
    this.log.push(`created for ${options.userId} with ${Object.keys(options.attributes ?? {}).join(", ")}`)
    return this.#inner.createSession(options)
  }
}
const audited = new Audited(provider)
const made = await audited.createSession({ userId: "ada", attributes: { email: "c" } })
assert.deepEqual(audited.log, ["created for ada with email"])
assert.equal(await audited.deleteSession(made.token), true)
// @ts-expect-error the decorated call asks for the same attributes
await assert.rejects(audited.createSession({ userId: "ada" }), { code: "ERR_INVALID_ARGUMENT" })
console.log("ok 10-test-and-di")
