// What all of these applications have in common: where sessions are kept, and how requests are judged.
import { env } from "node:process"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"

const { PORT = "3000", ORIGIN, STORE = "memory:" } = env
export const port = Number(PORT)

export const sessions = await createSessionService({ store: STORE, maxSessionsPerUser: 10 })

export const authenticator = createAuthenticator({
  sessions,
  // Where the application is served, such as "https://app.example"; without it on this machine alone, over plain HTTP.
  origin: ORIGIN ?? `http://localhost:${port}`,
  cookie: { insecureDevelopment: ORIGIN === undefined },
})
