import { createSessionService } from "coatcheck"

const sessions = await createSessionService({ store: "memory:", idleTimeout: "30m", maxSessionsPerUser: 5 })

// Signing in. The token is for the user's cookie; the store keeps only a hash of its secret.
const { token } = await sessions.createSession({ userId: "ada", attributes: { theme: "light" } })

// Each request. `null`: nobody is signed in. A store that cannot answer throws instead.
const session = await sessions.getSession(token)
console.log(session?.userId, session?.attributes)

console.log((await sessions.updateSession(token, { theme: "dark" }))?.attributes)

await sessions.deleteSession(token) // signing out
console.log(await sessions.getSession(token))
await sessions.close()
