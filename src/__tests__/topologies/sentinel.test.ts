import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createSessionService } from "../../exports/index.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { askServer, SERVER_KINDS, startSentinels, type TestSentinels } from "../support/servers.js"
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js"

const CLIENTS = ["@redis/client", "redis", "ioredis", "iovalkey"] as const
const TIMEOUT_MS = 1_000
/** A Sentinel needs 1 s to be sure, some more for the vote and the promotion. */
const BACK_WITHIN_MS = 12_000

expectNoUnhandledRejections()

const urlOf = ({ sentinels, primaryName }: TestSentinels, name = primaryName): `redis+sentinel://${string}` =>
  `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/${name}`

describe.each(SERVER_KINDS)("three Sentinels of %s, by URL", (kind) => {
  let group: TestSentinels
  beforeAll(async () => {
    group = await startSentinels(kind)
  })
  afterAll(() => group.stop())

  it.each(CLIENTS)("%s serves sessions from the primary, and says what is wrong with a URL", async (clientPackage) => {
    const redis = await connectRedis(urlOf(group), { timeoutMs: TIMEOUT_MS, clientPackage })
    const service = new SessionService(redis)
    const { token } = await service.createSession({ userId: `user ${clientPackage}` })
    // Calls of one turn do not wait for each other.
    expect(await Promise.all(Array.from({ length: 20 }, () => service.getSession(token).then((session) => session?.userId)))).toEqual(
      Array.from({ length: 20 }, () => `user ${clientPackage}`),
    )
    expect(await service.deleteUserSessions(`user ${clientPackage}`)).toBe(1)
    await service.close()

    const refusal = (url: string): Promise<unknown> => connectRedis(url, { timeoutMs: TIMEOUT_MS, clientPackage }).catch((error: unknown) => error)
    expect(await refusal(urlOf(group, "other"))).toMatchObject({ code: "ERR_STORE_REFUSED", message: expect.stringContaining("no primary of that name") })
    expect(await refusal("redis+sentinel://:p%40ss@127.0.0.1:1/main")).toMatchObject({
      code: "ERR_STORE_UNAVAILABLE",
      message: expect.stringMatching(/127\.0\.0\.1:1( \(ECONNREFUSED\))?\.(?!.*p@ss)/),
    })
    const wrong = urlOf(group).replace("//", "//nobody:wr%40ng@")
    expect(await refusal(wrong)).toMatchObject({ code: "ERR_STORE_REFUSED", message: expect.stringMatching(/^(?!.*wr@ng)/) })
    // What this Sentinel gives a client that failed to name itself, iovalkey takes: it was open to all.
    if (clientPackage === "iovalkey") return
    expect(await refusal(`${urlOf(group)}?sentinelUser=nobody&sentinelPassword=wr%40ng`)).toMatchObject({
      code: "ERR_STORE_REFUSED",
      message: expect.stringMatching(/^(?!.*wr@ng)/),
    })
  })

  it("fails over without a restart, and keeps what the replicas acknowledged", async () => {
    const services = await Promise.all([
      createSessionService({ store: urlOf(group) }),
      ...CLIENTS.slice(1).map(async (clientPackage) => new SessionService(await connectRedis(urlOf(group), { timeoutMs: TIMEOUT_MS, clientPackage }))),
    ])
    try {
      const made = await Promise.all(services.map((service, n) => service.createSession({ userId: `kept ${n}` })))
      expect(await askServer(group.primary.port, "WAIT 2 5000")).toBe(":2")
      await group.primary.kill9()
      await Promise.all(
        services.map(async (service, n) => {
          await expect.poll(() => service.getSession(made[n]?.token).then((session) => session?.userId, String), { timeout: BACK_WITHIN_MS }).toBe(`kept ${n}`)
          await expect
            .poll(() => service.createSession({ userId: `later ${n}` }).then(({ session }) => session.userId, String), { timeout: BACK_WITHIN_MS })
            .toBe(`later ${n}`)
          // Sentinel closes connections once more while it settles.
          await expect.poll(() => service.deleteUserSessions(`kept ${n}`).then(() => "ended", String), { timeout: BACK_WITHIN_MS }).toBe("ended")
          expect(await service.getSession(made[n]?.token)).toBeNull()
        }),
      )
    } finally {
      await Promise.all(services.map((service) => service.close()))
    }
  })
})
