import assert from "node:assert/strict"
import { assertUnchanged, present, refuses } from "../expectations.js"
import type { Suite } from "../suite.js"

class Point {
  readonly x = 1
}

function cyclic(): unknown {
  const loop: Record<string, unknown> = {}
  loop.self = loop
  return loop
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { value }
  return value
}

const shared = { a: 1 }

/** Values that come back exactly as they were given. */
const KEPT: Record<string, unknown> = {
  "an empty list and an empty object": { list: [], object: {}, lists: [[], [[]], {}] },
  "the largest safe integers": [2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53, 0],
  "numbers of every size": [1e308, -1e308, 5e-324, 1e21, 0.1, 1 / 3, 123_456_789.125],
  "text and numbers that look alike": ["1", 1, "true", true, "null", null, "", "1e3"],
  "line separators and control characters": '\u2028\u2029\u0000\u0001\u001f\u007f\r\n\t"\\/',
  "letters outside of ASCII": "ÄÖÜ é e\u0301 日本 😀 \u200f",
  "lone surrogates": ["\ud800", "a\udfffb", "\udc00\ud800"],
  "text that looks like the record's own": ['"body":["', '",1,{', '{"lastAccessedAt":1}', "}}", '"previous":"x","until":1'],
  "an object shared by two places": { one: shared, two: shared },
  "thirty levels": nested(28),
  "a long list": Array.from({ length: 2_000 }, (_, n) => n),
}

/** Names that come back as they were given. */
const NAMES = [
  "",
  " ",
  "a.b",
  "toString",
  "hasOwnProperty",
  "length",
  "valueOf",
  "userId",
  "attributes",
  "head",
  "body",
  "\u0000",
  "\ud800",
  "0",
  "__proto",
  "Constructor",
]

/** Values that JSON would change or lose. */
const REFUSED: Record<string, () => unknown> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  "-Infinity": () => Number.NEGATIVE_INFINITY,
  "-0": () => -0,
  BigInt: () => 1n,
  Date: () => new Date(0),
  RegExp: () => /a/,
  Map: () => new Map([["a", 1]]),
  Set: () => new Set([1]),
  "a class instance": () => new Point(),
  Buffer: () => new Uint8Array(4),
  ArrayBuffer: () => new ArrayBuffer(4),
  "a boxed string": () => new String("a"),
  Error: () => new Error("a"),
  Promise: () => Promise.resolve(1),
  Proxy: () =>
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("hidden-value")
        },
      },
    ),
  "a function": () => () => 1,
  "a symbol": () => Symbol("a"),
  "a symbol key": () => ({ [Symbol("a")]: 1 }),
  "undefined in a list": () => [1, undefined],
  "a list with holes": () => Object.assign(new Array(3), { 0: 1, 2: 3 }),
  "a list with a property": () => Object.assign([1], { extra: 1 }),
  "a cycle": cyclic,
  "100 000 levels": () => nested(100_000),
  "a getter that throws": () => ({
    get a() {
      throw new Error("hidden-value")
    },
  }),
  "a toJSON": () => ({ toJSON: () => "lie" }),
}

const PROTOTYPE_KEYS = ["__proto__", "constructor", "prototype"]

export function badInputPromises(suite: Suite): void {
  suite.group("attributes", () => {
    kept(suite)
    refused(suite)
    prototypes(suite)
    sizes(suite)
  })
  suite.group("options", () => nulls(suite))
}

/** Undefined is "left out"; null comes from a database or from JSON, and must not turn a limit that somebody stored into no limit. */
function nulls(suite: Suite): void {
  const create = [
    "userId",
    "pendingUserId",
    "impersonatorId",
    "impersonatorSessionId",
    "authenticatedAt",
    "attributes",
    "device",
    "idleTimeout",
    "absoluteTimeout",
    "persistent",
  ]
  const names: Record<string, readonly string[]> = {
    createSession: [...create, "maxSessionsPerUser", "onLimit", "replaces", "signal"],
    getSession: ["touch", "signal"],
    updateSession: ["ifVersion", "unset", "signal"],
    rotateSession: ["grace", "reauthenticated", "changes", "signal"],
    deleteSession: ["ifVersion", "reason", "signal"],
    getUserSessions: ["cursor", "limit", "signal"],
    deleteUserSessions: ["except", "thorough", "reason", "signal"],
    cleanupExpiredSessions: ["cursor", "maxPerSecond", "onProgress", "signal"],
  }
  for (const [method, options] of Object.entries(names)) {
    for (const name of options) {
      suite.it(`null is no value: ${method} { ${name} }`, {}, async ({ service }) => {
        const { token, session } = await service.createSession({ userId: "ada" })
        const given = { [name]: null } as never
        const calls: Record<string, () => Promise<unknown>> = {
          createSession: () => service.createSession(name === "userId" || name === "pendingUserId" ? given : { userId: "ada", ...(given as object) }),
          getSession: () => service.getSession(token, given),
          updateSession: () => service.updateSession(token, {}, given),
          rotateSession: () => service.rotateSession(token, given),
          deleteSession: () => service.deleteSession(token, given),
          getUserSessions: () => service.getUserSessions("ada", given),
          deleteUserSessions: () => service.deleteUserSessions("ada", given),
          cleanupExpiredSessions: () => service.cleanupExpiredSessions(given),
        }
        await refuses("ERR_INVALID_ARGUMENT", present(calls[method], method))
        await assertUnchanged(service, token, session)
      })
    }
  }
}

function kept(suite: Suite): void {
  for (const [what, value] of Object.entries(KEPT)) {
    suite.it(`come back exactly: ${what}`, {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada", attributes: { value } })
      const written = present(await service.updateSession(token, { again: value }))
      assert.deepEqual(session.attributes, { value })
      assert.deepEqual(written.attributes, { value, again: value })
      assert.deepEqual((await service.getSession(token))?.attributes, { value, again: value })
      assert.deepEqual((await service.updateSession(token, (own) => own))?.attributes, { value, again: value })
      assert.deepEqual((await service.getUserSessions("ada")).sessions[0]?.attributes, { value, again: value })
    })
  }

  suite.it("come back exactly: names of every kind", {}, async ({ service }) => {
    const attributes = Object.fromEntries(NAMES.map((name) => [name, { [name]: name }]))
    const { token } = await service.createSession({ attributes })
    assert.deepEqual((await service.getSession(token))?.attributes, attributes)
    assert.deepEqual((await service.updateSession(token, {}, { unset: NAMES }))?.attributes, {})
  })

  suite.it("come back exactly: 64 KiB of JSON, to the byte", {}, async ({ service }) => {
    const text = "x".repeat(65_536 - '{"t":""}'.length)
    const { token } = await service.createSession({ attributes: { t: text } })
    assert.deepEqual((await service.getSession(token))?.attributes, { t: text })
    await refuses("ERR_SESSION_TOO_LARGE", () => service.createSession({ attributes: { t: `${text}x` } }))
    await refuses("ERR_SESSION_TOO_LARGE", () => service.updateSession(token, { t: `${text}x` }))
  })
}

function refused(suite: Suite): void {
  for (const [what, make] of Object.entries(REFUSED)) {
    suite.it(`are refused by every call that writes: ${what}`, {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada", attributes: { a: 1 } })
      const bad = [{ value: make() }, { deep: [{ value: make() }] }]
      for (const attributes of bad) {
        await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "ada", attributes }), ["hidden-value"])
        await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, attributes), ["hidden-value"])
        await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, () => attributes), ["hidden-value"])
        await refuses("ERR_INVALID_ARGUMENT", () => service.updateUserSession("ada", session.sessionId, attributes), ["hidden-value"])
        await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { changes: attributes }), ["hidden-value"])
      }
      await assertUnchanged(service, token, session)
      assert.equal((await service.getUserSessions("ada")).sessions.length, 1)
    })
  }

  suite.it("are refused when they are no plain object", {}, async ({ service }) => {
    for (const attributes of ["a", 1, true, [], [{ a: 1 }], new Date(), new Map(), () => ({})] as never[]) {
      await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ attributes }))
    }
  })

  suite.it("are never quoted when they are refused", {}, async ({ service }) => {
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ attributes: { "hidden-value": { "hidden-value": 1n } } }), ["hidden-value"])
    await refuses("ERR_SESSION_TOO_LARGE", () => service.createSession({ attributes: { text: "hidden-value".repeat(6_000) } }), ["hidden-value"])
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ userId: "hidden-value\ud800" }), ["hidden-value"])
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ "hidden-value": 1 } as never), ["hidden-value"])
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ idleTimeout: "hidden-value" as never }), ["hidden-value"])
  })
}

function prototypes(suite: Suite): void {
  for (const key of PROTOTYPE_KEYS) {
    suite.it(`a key ${key} is refused at any depth, and pollutes nothing`, {}, async ({ service }) => {
      const { token, session } = await service.createSession({ userId: "ada", attributes: { a: { b: 1 } } })
      const bad = [`{"${key}":{"polluted":true}}`, `{"a":{"${key}":{"polluted":true}}}`, `{"a":[[{"b":{"${key}":1}}]]}`].map(
        (text) => JSON.parse(text) as Record<string, unknown>,
      )
      for (const attributes of bad) {
        await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ attributes }))
        await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, attributes))
        await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, () => attributes))
        await refuses("ERR_INVALID_ARGUMENT", () => service.updateUserSession("ada", session.sessionId, attributes))
        await refuses("ERR_INVALID_ARGUMENT", () => service.rotateSession(token, { changes: attributes }))
      }
      assert.equal((await service.updateSession(token, {}, { unset: [key] }))?.version, 2)
      assert.equal(({} as { polluted?: boolean }).polluted, undefined)
      assert.deepEqual((await service.getSession(token))?.attributes, { a: { b: 1 } })
    })
  }
}

function sizes(suite: Suite): void {
  suite.it("are counted in bytes, not in characters", {}, async ({ service }) => {
    await refuses("ERR_SESSION_TOO_LARGE", () => service.createSession({ attributes: { text: "€".repeat(22_000) } }))
    assert.ok(await service.createSession({ attributes: { text: "€".repeat(21_000) } }))
  })

  suite.it("are bounded in depth and number, and huge ones are refused without harm", {}, async ({ service }) => {
    const { token, session } = await service.createSession({ attributes: { a: 1 } })
    await refuses("ERR_INVALID_ARGUMENT", () => service.createSession({ attributes: { a: nested(1_000) } }))
    const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, n]))
    await refuses("ERR_INVALID_ARGUMENT", () => service.updateSession(token, many))
    await refuses("ERR_SESSION_TOO_LARGE", () => service.createSession({ attributes: { text: "x".repeat(5_000_000) } }))
    await assertUnchanged(service, token, session)
  })
}
