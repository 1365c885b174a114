// What all of these applications have in common: where sessions are kept, and how requests are judged.
import { env } from "node:process"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"

const { PORT = "3000", ORIGIN, REDIS_URL = "memory:" } = env
export const port = Number(PORT)

export const sessions = await createSessionService({ store: REDIS_URL, maxSessionsPerUser: 10 })

export const authenticator = createAuthenticator({
  sessions,
  // Where the application is served. In production: "https://app.example", and no insecureDevelopment.
  origin: ORIGIN ?? `http://localhost:${port}`,
  cookie: { insecureDevelopment: true },
})
