import { createSessionService } from "coatcheck"
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest"
import { auditStore, emptyStore } from "../audit/state-audit.js"
import { connectPlain, type PlainClient } from "../servers/plain-client.js"
import { StoreServer } from "../servers/StoreServer.js"

const CLEAN = { withoutTtl: 0, unlisted: 0, corrupt: 0, stray: 0, remembered: 0, beyondLimit: 0 }

let server: StoreServer
let raw: PlainClient
beforeAll(async () => {
  server = await StoreServer.start("redis")
  raw = await connectPlain(server.url)
})
afterAll(async () => {
  raw.destroy()
  await server.stop()
})
beforeEach(async () => {
  await emptyStore(server.url)
  const sessions = await createSessionService({ store: server.url })
  await sessions.createSession({ userId: "ada" })
  await sessions.createSession({ userId: "ada" })
  await sessions.createSession({})
  await sessions.close()
})

async function oneKey(pattern: string): Promise<string> {
  const [key] = await raw.keys(pattern)
  if (key === undefined) throw new Error(`Expected a key like ${pattern}, got none`)
  return key
}

it("finds nothing wrong in what the library wrote", async () => {
  expect(await auditStore(server.url, 2)).toEqual({ ...CLEAN, sessions: 3, lists: 1 })
})

it("finds users beyond the limit", async () => {
  expect(await auditStore(server.url, 1)).toMatchObject({ ...CLEAN, beyondLimit: 1 })
})

it("finds keys without a time to live", async () => {
  for (const key of await raw.keys("*")) await raw.persist(key)
  expect(await auditStore(server.url, 2)).toMatchObject({ ...CLEAN, withoutTtl: 4 })
})

it("finds sessions that no list names", async () => {
  await raw.del(await oneKey("user_sessions:*"))
  expect(await auditStore(server.url, 2)).toMatchObject({ ...CLEAN, unlisted: 2 })
})

it("finds records that do not fit their checksum", async () => {
  const key = await oneKey("session:*")
  await raw.set(key, ((await raw.get(key)) ?? "").replace('",1,{', '",1,{"a":1'), { expiration: "KEEPTTL" })
  expect(await auditStore(server.url, 2)).toMatchObject({ corrupt: 1 })
})

it("finds keys that are nobody's", async () => {
  await raw.set("session:{abc}.short", "x")
  expect(await auditStore(server.url, 2)).toMatchObject({ ...CLEAN, stray: 1 })
})
