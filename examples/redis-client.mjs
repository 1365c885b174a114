// Sessions over a Redis client of your own. Start it with: REDIS_URL=redis://127.0.0.1:6379 node examples/redis-client.mjs
import { env } from "node:process"
import { createSessionService } from "coatcheck"
import { createClient } from "redis"

// biome-ignore lint/style/noProcessEnv: an example reads its one setting where it is used
const url = env.REDIS_URL
if (!url) throw new Error("Set REDIS_URL, e.g. REDIS_URL=redis://127.0.0.1:6379")

const client = createClient({ url })
client.on("error", console.error)
await client.connect()
const sessions = await createSessionService({ store: client, keyPrefix: "example:" })

const { token, session } = await sessions.createSession({ userId: "ada" })
console.log("opened for", session.userId)

const found = await sessions.getSession(token)
console.log("found:", found?.sessionId === session.sessionId)

// Your client takes your own commands as before: this reads the stored record. docs/keys.md explains it.
const [tag, id] = session.sessionId.split(".")
const record = await client.get(`example:session:{${tag}}.${id}`)
console.log("the token's secret is in the store:", record.includes(token.split(".")[2]))

console.log("signed out everywhere:", await sessions.deleteUserSessions("ada"))

await sessions.close()
console.log("the client is still open:", client.isOpen)
await client.close()
