import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type EveryStore, openEveryStore, STORE_NAMES } from "../support/every-store.js"
import { fuzzRuns, isJson, sameJson, wild } from "../support/wild-values.js"
import { figures, sentBy } from "./figures.js"
import { outcomeOf, type Watched, watched } from "./refusals.js"

const RUNS = fuzzRuns(2_000)
const TIMEOUT = 30_000 + RUNS * 20

const OPTION_NAMES = [
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
  "maxSessionsPerUser",
  "onLimit",
  "replaces",
  "signal",
  "touch",
  "ifVersion",
  "unset",
  "grace",
  "reauthenticated",
  "changes",
  "reason",
  "except",
  "thorough",
  "cursor",
  "limit",
  "maxPerSecond",
  "onProgress",
]

const options = fc.oneof(wild(), fc.dictionary(fc.constantFrom(...OPTION_NAMES), wild(), { maxKeys: 3 }))
const text = fc.oneof(wild(), fc.string({ unit: "binary", maxLength: 80 }))

/** Every method with every argument wild. */
const CALLS: Readonly<Record<string, (one: Watched, a: never, b: never, c: never) => Promise<unknown>>> = {
  createSession: ({ service }, a) => service.createSession(a),
  getSession: ({ service }, a, b) => service.getSession(a, b),
  updateSession: ({ service }, a, b, c) => service.updateSession(a, b, c),
  updateUserSession: ({ service }, a, b, c) => service.updateUserSession(a, b, c, b),
  extendSession: ({ service }, a, b, c) => service.extendSession(a, b, c),
  rotateSession: ({ service }, a, b) => service.rotateSession(a, b),
  deleteSession: ({ service }, a, b) => service.deleteSession(a, b),
  deleteUserSession: ({ service }, a, b, c) => service.deleteUserSession(a, b, c),
  deleteUserSessions: ({ service }, _a, b) => service.deleteUserSessions("\ud800", b),
  getUserSessions: ({ service }, _a, b) => service.getUserSessions("", b),
  cleanupExpiredSessions: ({ service }, a) => service.cleanupExpiredSessions(a),
  "updateSession of a real token": ({ service, stored }, a, b) => service.updateSession(stored.token, a, b),
  "rotateSession of a real token": ({ service, stored }, a) => service.rotateSession(stored.token, a),
}

/** Values that some option takes as they are, so that the call goes on to the store; the double then has no answer. */
const NOT_PREPARED = "an error of another kind: Error"

describe(`${RUNS} wild values`, () => {
  it.each(Object.entries(CALLS))(
    "%s refuses with a typed error and sends nothing, answers as if nothing were there, or goes on to the store",
    async (_name, call) => {
      await fc.assert(
        fc.asyncProperty(text, options, options, async (a, b, c) => {
          figures.fuzzed += 1
          const one = await watched()
          const outcome = await outcomeOf(() => call(one, a as never, b as never, c as never))
          const absent = outcome.kind === "answered" && (outcome.value === null || outcome.value === false)
          // A function can be judged only by what it returns for what is stored.
          if (outcome.kind === "refused" || absent) expect(sentBy(one.redis, ["get"])).toEqual([])
          else if (outcome.kind === "breach") {
            expect([outcome.what, one.redis.unprepared.length > 0]).toEqual([NOT_PREPARED, true])
            // That was the double's error, not the library's.
            figures.crashes -= 1
          }
        }),
        { numRuns: Math.ceil(RUNS / 10) },
      )
    },
    TIMEOUT,
  )
})

describe(`${RUNS} wild attributes`, () => {
  let stores: EveryStore
  beforeAll(async () => {
    stores = await openEveryStore()
  })
  afterAll(() => stores.close())

  it(
    "are refused by every store, or come back exactly from every store, and always alike",
    async () => {
      const counts = { refused: 0, kept: 0 }
      await fc.assert(
        fc.asyncProperty(wild(), async (value) => {
          const seen = await Promise.all(
            STORE_NAMES.map(async (name) => {
              const service = stores.services[name]
              const made = await outcomeOf(() => service.createSession({ attributes: { value } }))
              if (made.kind !== "answered") return made
              const { token } = made.value as { readonly token: string }
              const read = await service.getSession(token)
              const written = await service.updateSession(token, { again: value })
              await service.deleteSession(token)
              return { kind: "kept", exactly: sameJson(read?.attributes, { value }) && sameJson(written?.attributes, { value, again: value }) }
            }),
          )
          const json = isJson({ value })
          counts[json ? "kept" : "refused"] += 1
          figures.fuzzed += 1
          if (json) figures.roundTripped += 1
          for (const outcome of seen) expect(outcome).toEqual(json ? { kind: "kept", exactly: true } : { kind: "refused", code: "ERR_INVALID_ARGUMENT" })
        }),
        { numRuns: RUNS },
      )
      // The values must be of both kinds, or one half of this was never tried.
      expect(Math.min(counts.refused, counts.kept)).toBeGreaterThan(RUNS / 10)
    },
    TIMEOUT,
  )
})
