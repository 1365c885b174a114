// What all of these applications have in common: where sessions are kept, and how requests are judged.
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"

export const port = Number(process.env.PORT ?? 3000)

export const sessions = await createSessionService({ store: process.env.REDIS_URL ?? "memory:", maxSessionsPerUser: 10 })

export const authenticator = createAuthenticator({
  sessions,
  // Where the application is served. In production: "https://app.example", and no insecureDevelopment.
  origin: process.env.ORIGIN ?? `http://localhost:${port}`,
  cookie: { insecureDevelopment: true },
})
