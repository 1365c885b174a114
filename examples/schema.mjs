// Attributes with a schema: checked on the way in, with defaults, and carried over when the schema changes.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSessionService, SessionError } from "coatcheck"
import { z } from "zod"

const folder = mkdtempSync(join(tmpdir(), "coatcheck-example-"))
const store = `sqlite:${join(folder, "sessions.db")}`

// The first release: one role for each user.
const first = await createSessionService({ store, schema: z.object({ email: z.email().toLowerCase(), role: z.string().default("member") }) })
const { token, session } = await first.createSession({ userId: "ada", attributes: { email: "Ada@Example.org" } })
console.log("stored:", session.attributes)

try {
  await first.updateSession(token, { email: "not an address" })
} catch (error) {
  if (!SessionError.is(error, "ERR_INVALID_ARGUMENT")) throw error
  console.log("refused:", error.message)
}
await first.close()

// The next release: many roles. Sessions of the first are upgraded when they are read.
const second = await createSessionService({
  store,
  schema: z.object({ email: z.email(), roles: z.array(z.string()) }),
  schemaVersion: 2,
  upgrade: ({ email, role }) => ({ email, roles: [role] }),
})
const upgraded = await second.getSession(token)
console.log("upgraded:", upgraded?.attributes)

// A function sees the attributes as they are now, and runs again when another change came between.
const promoted = await second.updateSession(token, (own) => ({ ...own, roles: [...own.roles, "admin"] }))
console.log("promoted:", promoted?.attributes.roles)

await second.close()
rmSync(folder, { recursive: true })
