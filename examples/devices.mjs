// "Where am I signed in?", and signing out everywhere else.
import { createSessionService } from "coatcheck"

const ended = []
const sessions = await createSessionService({
  store: "memory:",
  onEvent: (event) => event.type === "ended" && ended.push(event.reason),
})

const signIn = (label) => sessions.createSession({ userId: "ada", device: { label } })
await signIn("Old laptop")
const phone = await signIn("Phone")
const here = await signIn("This browser")

async function printDevices(title) {
  console.log(title)
  let cursor
  do {
    const page = await sessions.getUserSessions("ada", { cursor, limit: 2 })
    for (const session of page.sessions) {
      console.log(`- ${session.device.label}${session.sessionId === here.session.sessionId ? " (you are here)" : ""}`)
    }
    cursor = page.cursor
  } while (cursor !== undefined)
}

await printDevices("signed in on:")

// By its handle, which a list may show: a handle opens nothing.
console.log("phone signed out:", await sessions.deleteUserSession("ada", phone.session.sessionId))

// After a change of password: everywhere but here.
console.log("others signed out:", await sessions.deleteUserSessions("ada", { except: here.session.sessionId }))
await printDevices("still signed in on:")
console.log("events:", ended.join(", "))

await sessions.close()
