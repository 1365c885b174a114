import assert from "node:assert/strict"
import type { RequestedOptions } from "../conformance-setup.js"
import { assertUnchanged, present, refuses } from "../expectations.js"
import { profileSchema, readProfile, schemaOf } from "../standard-schema.js"
import type { Suite } from "../suite.js"

const WITH_SCHEMA: RequestedOptions = { schema: profileSchema }
const ADA = { email: "ada@example.org" }

export function schemaPromises(suite: Suite): void {
  suite.group("schema", () => {
    onCreate(suite)
    onChange(suite)
  })
  suite.group("upgrade from an older schemaVersion", () => upgrades(suite))
}

function onCreate(suite: Suite): void {
  suite.it("fills defaults and applies transforms when a session is created", WITH_SCHEMA, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: { email: "Ada@Example.org" } })
    assert.deepEqual(session.attributes, { email: "ada@example.org", roles: ["member"] })
    assert.deepEqual((await service.getSession(token))?.attributes, { email: "ada@example.org", roles: ["member"] })
  })

  suite.it("refuses what does not fit, without quoting it", WITH_SCHEMA, async ({ service }) => {
    const bad = [undefined, {}, { email: "hidden-value" }, { ...ADA, roles: ["hidden-value"] }, { ...ADA, nick: 7 }, { ...ADA, mail: "hidden-value" }]
    for (const attributes of bad) await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", attributes }), ["hidden-value"])
    assert.deepEqual((await service.getUserSessions("ada")).sessions, [])
  })

  suite.it("a schema may be asynchronous", { schema: schemaOf(readProfile, { async: true }) }, async ({ service }) => {
    const { token } = await service.createSession({ userId: "ada", attributes: ADA })
    await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, { email: "none" }))
    assert.deepEqual((await service.updateSession(token, { nick: "a" }))?.attributes, { ...ADA, roles: ["member"], nick: "a" })
  })

  const throwing = schemaOf((given) => {
    if (given.email !== "ada@example.org") throw new Error(`no JSON: ${JSON.stringify(given)}`)
    return given
  })
  const mute = schemaOf((given) => given)
  const silent = { "~standard": { ...mute["~standard"], validate: () => null as never } }
  for (const [how, schema] of Object.entries({ throws: throwing, rejects: asynchronous(throwing), "says nothing": silent }))
    suite.it(`refuses what a schema ${how} about, without telling more of it`, { schema }, async ({ service }) => {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", attributes: { email: "hidden-value" } }), ["hidden-value"])
    })

  const dated = schemaOf((given) => ({ ...given, since: new Date(0) }))
  suite.it("refuses the output of a schema that is not JSON", { schema: dated }, async ({ service }) => {
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada" }))
  })

  const polluting = schemaOf(() => JSON.parse('{"a":{"__proto__":{"polluted":true}}}') as Record<string, unknown>)
  suite.it("refuses the output of a schema that holds a prototype key", { schema: polluting }, async ({ service }) => {
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada" }))
  })
}

function asynchronous<S extends ReturnType<typeof schemaOf>>(schema: S) {
  const { validate } = schema["~standard"]
  return { "~standard": { ...schema["~standard"], validate: async (given: unknown) => validate(given) } }
}

function onChange(suite: Suite): void {
  suite.it("checks the merged attributes on an update, in each of its forms", WITH_SCHEMA, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: ADA })
    const attempts = [
      () => service.updateSession(token, { email: "hidden-value" }),
      () => service.updateSession(token, { mail: "hidden-value" }),
      () => service.updateSession(token, (own) => ({ ...own, roles: ["hidden-value"] })),
      () => service.updateUserSession("ada", session.sessionId, { roles: ["hidden-value"] }),
      () => service.rotateSession(token, { changes: { roles: ["hidden-value"] } }),
      () => service.updateSession(token, {}, { unset: ["email"] }),
    ]
    for (const attempt of attempts) await refuses("ERR_INVALID_ARGUMENT", attempt, ["hidden-value"])
    await assertUnchanged(service, token, session)
  })

  suite.it("transforms what an update writes", WITH_SCHEMA, async ({ service }) => {
    const { token, session } = await service.createSession({ userId: "ada", attributes: ADA })
    assert.deepEqual((await service.updateSession(token, { email: "B@Example.org" }))?.attributes, { email: "b@example.org", roles: ["member"] })
    const byHandle = await service.updateUserSession("ada", session.sessionId, { roles: ["admin"] })
    assert.deepEqual(byHandle?.attributes, { email: "b@example.org", roles: ["admin"] })
  })

  suite.it("unset removes an optional attribute, and brings back a default", WITH_SCHEMA, async ({ service }) => {
    const { token } = await service.createSession({ userId: "ada", attributes: { ...ADA, roles: ["admin"], nick: "a" } })
    assert.deepEqual((await service.updateSession(token, {}, { unset: ["nick", "roles"] }))?.attributes, { ...ADA, roles: ["member"] })
  })
}

/** Sessions of version 1 hold a `mail`; version 2 calls it `email`. */
const VERSION_1: RequestedOptions = { schema: schemaOf(({ mail }) => ({ mail })), schemaVersion: 1 }

function version2(upgrade: (stored: unknown, fromVersion: number) => unknown): RequestedOptions {
  return { schema: profileSchema, schemaVersion: 2, upgrade }
}

function upgrades(suite: Suite): void {
  suite.itNeeds(
    "another",
    "a schema that never answers is waited for until the call's deadline, and holds up no other call",
    {},
    async ({ service, another }) => {
      let answers = true
      const schema = {
        "~standard": {
          version: 1,
          vendor: "coatcheck-conformance",
          validate: (value: unknown) => (answers ? { value: value as Record<string, unknown> } : new Promise<never>(() => {})),
        },
      } as const
      for (const touchInterval of ["1m", 0] as const) {
        const today = await another({ schema, schemaVersion: 2, touchInterval, timeout: "500ms" })
        const old = await service.createSession({ userId: "ada", attributes: ADA })
        answers = false
        const late = { code: "ERR_STORE_TIMEOUT", outcome: "not-applied" }
        await assert.rejects(today.getSession(old.token), late)
        await assert.rejects(today.updateSession(old.token, { nick: "a" }), late)
        answers = true
        assert.equal((await today.updateSession(old.token, { nick: "b" }))?.attributes.nick, "b")
        await today.close()
      }
    },
  )

  suite.itNeeds("another", "reads a session of an older version as one of today's, and an update makes it one", VERSION_1, async ({ service, another }) => {
    const calls: unknown[] = []
    const today = await another(
      version2((stored, fromVersion) => {
        calls.push([structuredClone(stored), fromVersion])
        return { email: (stored as { mail: string }).mail }
      }),
    )
    const { token, session } = await service.createSession({ userId: "ada", attributes: { mail: "ada@example.org" } })
    const upgraded = present(await today.getSession(token))
    assert.deepEqual(upgraded.attributes, { ...ADA, roles: ["member"] })
    assert.equal(upgraded.version, session.version)
    assert.deepEqual((await today.getUserSessions("ada")).sessions[0]?.attributes, { ...ADA, roles: ["member"] })
    const written = present(await today.updateSession(token, { nick: "a" }))
    assert.deepEqual(written.attributes, { ...ADA, roles: ["member"], nick: "a" })
    assert.ok(calls.length > 0)
    for (const call of calls) assert.deepEqual(call, [{ mail: "ada@example.org" }, 1])
    calls.length = 0
    assert.deepEqual((await today.getSession(token))?.attributes, written.attributes)
    assert.deepEqual(calls, [], "the update wrote today's version")
  })

  const failing: Record<string, (stored: unknown) => unknown> = {
    throws: () => {
      throw new Error("hidden-value")
    },
    "returns what the schema refuses": () => ({ email: "hidden-value" }),
    "returns a prototype key": () => JSON.parse('{"email":"a@b.c","roles":["member"],"__proto__":{"polluted":true}}'),
    "returns nothing": () => undefined,
    "returns a promise": async () => ADA,
    "returns a promise that is rejected": async () => {
      throw new Error("hidden-value")
    },
  }
  for (const [how, upgrade] of Object.entries(failing)) {
    suite.itNeeds(
      "another",
      `an upgrade that ${how} makes that session corrupt, and that one only; it can still be deleted`,
      VERSION_1,
      async ({ service, another }) => {
        const today = await another(version2(upgrade))
        const old = await service.createSession({ userId: "ada", attributes: { mail: "ada@example.org" } })
        const fresh = await today.createSession({ userId: "bob", attributes: ADA })
        await refuses("ERR_SESSION_CORRUPT", () => today.getSession(old.token), ["hidden-value", old.token])
        await refuses("ERR_SESSION_CORRUPT", () => today.updateSession(old.token, { nick: "a" }), ["hidden-value", old.token])
        assert.deepEqual((await today.getSession(fresh.token))?.attributes, { ...ADA, roles: ["member"] })
        assert.equal(({} as { polluted?: boolean }).polluted, undefined)
        assert.deepEqual(await today.getUserSessions("ada"), { sessions: [], unreadable: [old.session.sessionId] })
        assert.equal(await today.deleteSession(old.token), true)
        assert.equal(await today.getSession(old.token), null)
      },
    )
  }

  suite.itNeeds("another", "a call that fails because of an upgrade leaves the session as it was", VERSION_1, async ({ service, another }) => {
    const today = await another(
      version2(() => {
        throw new Error("must be mended")
      }),
    )
    const { token, session } = await service.createSession({ userId: "ada", attributes: { mail: "ada@example.org" } })
    const calls = [
      () => today.rotateSession(token, { grace: 0 }),
      () => today.rotateSession(token, { reauthenticated: true }),
      () => today.rotateSession(token, { changes: { nick: "a" } }),
      () => today.updateUserSession("ada", session.sessionId, { nick: "a" }),
    ]
    for (const call of calls) {
      await refuses("ERR_SESSION_CORRUPT", call)
      await assertUnchanged(service, token, session)
    }
  })

  suite.itNeeds("another", "a wrong secret is absent, whatever the upgrade would do", VERSION_1, async ({ service, another }) => {
    const today = await another(
      version2(() => {
        throw new Error("must not be reached")
      }),
    )
    const old = await service.createSession({ userId: "ada", attributes: { mail: "ada@example.org" } })
    const guess = `${old.session.sessionId}.${"A".repeat(43)}`
    assert.equal(await today.getSession(guess), null)
    assert.equal(await today.deleteSession(guess), false)
  })
}
