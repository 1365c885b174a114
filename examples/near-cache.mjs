// Reads from memory, and a sign-out elsewhere that is heard of. Start it with: REDIS_URL=redis://127.0.0.1:6379 node examples/near-cache.mjs
import { EventEmitter, once } from "node:events"
import { env } from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { createSessionService } from "coatcheck"

// biome-ignore lint/style/noProcessEnv: an example reads its one setting where it is used
const store = env.REDIS_URL
if (!store) throw new Error("Set REDIS_URL, e.g. REDIS_URL=redis://127.0.0.1:6379")

const told = new EventEmitter()
const serving = once(told, "serving")
const onEvent = (event) => event.type === "near-cache" && told.emit(event.serving ? "serving" : "not serving")
const sessions = await createSessionService({ store, keyPrefix: "example:", nearCache: { lease: "1s" }, onEvent })
const elsewhere = await createSessionService({ store, keyPrefix: "example:" })
await serving

const { token } = await sessions.createSession({ userId: "ada", attributes: { theme: "light" } })
await sessions.getSession(token)
// From here on no command is sent.
for (let n = 0; n < 1_000; n += 1) await sessions.getSession(token)
console.log("read a thousand times from memory")

await sessions.updateSession(token, { theme: "dark" })
console.log("one's own change is seen at once:", (await sessions.getSession(token)).attributes.theme)

await elsewhere.deleteSession(token)
await pause(1_000)
console.log("signed out elsewhere, a lease ago:", await sessions.getSession(token))

await sessions.close()
await elsewhere.close()
