import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { eraseUser } from "../../application/user-data.js"
import { createLoginProtection } from "../../exports/rate-limit.js"
import { dumpOfAll, withClient } from "../leaks/redis-capture.js"
import { SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"
import { hookedService, indexKeyOf } from "../support/services-under-watch.js"

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

  it("erasing a user leaves no key and no value that names the person, also where the user's list had lost a session", async () => {
    const url = `redis://default:${PASSWORD}@127.0.0.1:${server.port}`
    const { service } = await hookedService(url)
    const logins = await createLoginProtection({ store: url })
    await logins.attempt({ account: PERSON.userId, address: PERSON.device.ip }, async () => null)
    const { token } = await service.createSession(PERSON)
    const { session: lost } = await service.createSession(PERSON)
    await service.createSession({ pendingUserId: PERSON.userId, attributes: PERSON.attributes, device: PERSON.device })
    await service.rotateSession(token, { changes: { phone: "+44 20 7946 0001" } })
    await withClient(server.port, PASSWORD, (client) => client.zRem(indexKeyOf("", PERSON.userId), lost.sessionId.slice(4)))
    const before = await dumpOfAll(server.port, PASSWORD)
    expect(TRACES.filter((trace) => !before.includes(trace))).toEqual([])

    expect(await eraseUser(service, PERSON.userId)).toBe(3)
    const after = await dumpOfAll(server.port, PASSWORD)
    expect(TRACES.filter((trace) => after.includes(trace))).toEqual([])
    // A list keeps handles for a while. Rate limits keep their counts. Neither is named by anything but a hash.
    expect(after.split("\n").filter((line) => !/^(?:user_sessions|rate_limit):\{[\w-]+\}/.test(line))).toEqual([])
    await Promise.all([service.close(), logins.close()])
  })
})
