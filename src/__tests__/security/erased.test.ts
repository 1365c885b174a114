import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { dumpOfAll } from "../leaks/redis-capture.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { hookedService } from "../support/services-under-watch.js"

const PASSWORD = "pass-word-of-the-store-81729"
const PERSON = {
  userId: "ada.lovelace@example.org",
  attributes: { name: "Ada Lovelace", phone: "+44 20 7946 0000" },
  device: { ip: "203.0.113.77", userAgent: "Mozilla/5.0 (Analytical Engine; rv:1843)", label: "Engine of Ada" },
} as const
const TRACES: readonly string[] = [PERSON.userId, ...Object.values(PERSON.attributes), ...Object.values(PERSON.device)]

describe.each(SERVER_KINDS)("on %s", (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer({ kind, args: ["--requirepass", PASSWORD] })
  })
  afterAll(() => server.stop())

  it("ending all sessions of a user leaves no key and no value that names the person", async () => {
    const { service } = await hookedService(`redis://default:${PASSWORD}@127.0.0.1:${server.port}`)
    const { token } = await service.createSession(PERSON)
    await service.createSession({ pendingUserId: PERSON.userId, attributes: PERSON.attributes, device: PERSON.device })
    await service.rotateSession(token, { changes: { phone: "+44 20 7946 0001" } })
    const before = await dumpOfAll(server.port, PASSWORD)
    expect(TRACES.filter((trace) => !before.includes(trace))).toEqual([])

    expect(await service.deleteUserSessions(PERSON.userId, { thorough: true })).toBe(2)
    const after = await dumpOfAll(server.port, PASSWORD)
    expect(TRACES.filter((trace) => after.includes(trace))).toEqual([])
    // What a list remembers for a while are handles, and it ends by itself.
    expect(after.split("\n").filter((line) => line.includes("session:{"))).toEqual([])
    await service.close()
  })
})
