import { betterAuth as createAuth } from "better-auth"
import { memoryAdapter } from "better-auth/adapters/memory"
import { crowd } from "./crowd.js"
import { openNodeRedis } from "./node-redis.js"
import { entryAt, shuffled } from "./order.js"
import { isThere, type SessionRows } from "./session-case.js"
import type { SessionSettings } from "./session-settings.js"

/** Signing up is slow, and slower with each user there is; of what a check costs it changes nothing. */
const MOST_USERS = 100
const SESSIONS_A_USER = 100

/** The session check of better-auth, with Redis as its secondary storage: a signed cookie, two GETs, the session and its user. */
export async function betterAuth({ url, count }: SessionSettings): Promise<SessionRows> {
  const { client } = await openNodeRedis(url)
  const auth = createAuth({
    baseURL: "https://app.example",
    secret: "a secret of a measurement, long enough",
    telemetry: { enabled: false },
    // Accounts are not measured: with secondary storage, sessions lie there alone.
    database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
    secondaryStorage: {
      get: (key) => client.get(`better-auth:${key}`),
      set: (key, value, ttl) => client.set(`better-auth:${key}`, value, ttl === undefined ? {} : { expiration: { type: "EX", value: ttl } }),
      delete: async (key) => void (await client.del(`better-auth:${key}`)),
      getAndDelete: (key) => client.getDel(`better-auth:${key}`),
      increment: (key) => client.incr(`better-auth:${key}`),
    },
    // What guards a password is slow on purpose, and not what is measured.
    emailAndPassword: { enabled: true, password: { hash: async (password) => password, verify: async () => true } },
  })
  const users = Math.min(MOST_USERS, Math.ceil(count / SESSIONS_A_USER))
  const headers = await crowd(
    users,
    async (at) => {
      const body = { email: `user-${at}@app.example`, password: "a password, long enough", name: `user-${at}` }
      const { headers: answered } = await auth.api.signUpEmail({ body, returnHeaders: true })
      return new Headers({
        cookie: answered
          .getSetCookie()
          .map((line) => line.split(";")[0])
          .join("; "),
      })
    },
    // Each takes the process so long that the answers of more would come too late for their client.
    { inFlight: 4 },
  )
  const order = shuffled(users)
  return {
    read: {
      name: "better-auth, getSession (Redis as secondary storage)",
      work: { call: (at) => auth.api.getSession({ headers: entryAt(headers, order, at) }), isRight: isThere },
    },
  }
}
