import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it, onTestFinished, vi } from "vitest"
import { createContainer, DI_TOKENS } from "../../exports/container.js"
import type { ISessionService, SessionAttributes } from "../../exports/index.js"
import type { IRateLimitingService, RateLimitEvent } from "../../exports/rate-limit.js"
import { SqliteSessionService } from "../../infrastructure/services/session/SqliteSessionService.js"
import { loadDriver } from "../../infrastructure/sqlite/drivers.js"
import { sharedServer } from "../support/servers.js"

class Exports {
  static readonly inject = [DI_TOKENS.RATE_LIMITING_SERVICE] as const
  readonly #limits: IRateLimitingService
  constructor(limits: IRateLimitingService) {
    this.#limits = limits
  }
  async begin(userId: string): Promise<boolean> {
    return (await this.#limits.acquireLease({ userId }, "exports")).allowed
  }
}

const STORES: Readonly<Record<string, () => string>> = {
  memory: () => "memory:",
  sqlite: () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-container-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return `sqlite:${join(folder, "sessions.db")}`
  },
  redis: () => sharedServer("redis").url,
}

it.each(Object.entries(STORES))("the container binds rate limits beside sessions, on one store: %s", async (_name, store) => {
  const rateLimits = { exports: { algorithm: "concurrency", limit: 1, lease: "1h" }, api: { limit: 1, window: "1h" } } as const
  const told: RateLimitEvent[] = []
  const options = { keyPrefix: `container:${randomUUID().slice(0, 8)}:`, rateLimits, onRateLimitEvent: (event: RateLimitEvent) => told.push(event) }
  const container = await createContainer({ store: store(), ...options })
  const limits = container.injector.resolve(DI_TOKENS.RATE_LIMITING_SERVICE)
  const jobs = container.injector.createChildInjector().injectClass(Exports)
  expect([await jobs.begin("ada"), await jobs.begin("ada")]).toEqual([true, false])
  expect(await limits.checkRateLimit({ userId: "ada" }, "api")).toMatchObject({ allowed: true, judgedBy: "store" })
  expect(told.map(({ type, rule }) => `${rule} ${type}`)).toEqual(["exports allowed", "exports denied", "api allowed"])
  // One that ends leaves the other its connection.
  await limits.close()
  const sessions = container.injector.resolve(DI_TOKENS.SESSION_SERVICE)
  const { token } = await sessions.createSession({ userId: "ada" })
  expect((await sessions.getSession(token))?.userId).toBe("ada")
  await container.close()
  await expect(limits.checkRateLimit({ userId: "ada" }, "api")).rejects.toMatchObject({ code: "ERR_CLOSED" })
})

it.each(Object.entries(STORES))(
  "what was made with the services is disposed of before they are closed, also where that fails, on one store: %s",
  async (_name, store) => {
    const container = await createContainer({ store: store(), keyPrefix: `container:${randomUUID().slice(0, 8)}:` })
    const sessions = container.injector.resolve(DI_TOKENS.SESSION_SERVICE)
    const { token } = await sessions.createSession({ userId: "worker" })
    const ended: unknown[] = []
    class Worker {
      static readonly inject = [DI_TOKENS.SESSION_SERVICE] as const
      readonly #sessions: ISessionService<SessionAttributes>
      constructor(made: ISessionService<SessionAttributes>) {
        this.#sessions = made
      }
      async dispose(): Promise<void> {
        ended.push(await this.#sessions.deleteSession(token))
        throw new Error("the worker's own")
      }
    }
    container.injector.provideClass("worker", Worker).resolve("worker")
    await expect(container.close()).rejects.toThrow("the worker's own")
    expect(ended).toEqual([true])
    await expect(sessions.ping()).rejects.toMatchObject({ code: "ERR_CLOSED" })
  },
)

it.each(Object.entries(STORES))("a container is closed once, however often it is asked to, on one store: %s", async (_name, store) => {
  const container = await createContainer({ store: store(), keyPrefix: `container:${randomUUID().slice(0, 8)}:` })
  const sessions = container.injector.resolve(DI_TOKENS.SESSION_SERVICE)
  await Promise.all([container.close(), container.close()])
  await container.close()
  await container[Symbol.asyncDispose]()
  await expect(sessions.ping()).rejects.toMatchObject({ code: "ERR_CLOSED" })
})

it("the sessions' file is let go of where the rate limits find something else in their place", async () => {
  const store = STORES.sqlite?.() ?? expect.fail("no file")
  const path = store.slice("sqlite:".length)
  await (await createContainer({ store })).close()
  const db = (await loadDriver()).open(path)
  db.execute("DROP TABLE rate_limits; CREATE VIEW rate_limits AS SELECT 1 AS ends")
  db.close()
  const opening = vi.spyOn(SqliteSessionService, "open")
  await expect(createContainer({ store })).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_STORE_/) })
  const sessions = await opening.mock.results[0]?.value
  await expect(sessions.ping()).rejects.toMatchObject({ code: "ERR_CLOSED" })
})

it("rules are checked before anything is opened, and a container without rules has none", async () => {
  await expect(createContainer({ store: "redis://127.0.0.1:1", rateLimits: { constructor: { limit: 1, window: 1 } } as never })).rejects.toMatchObject({
    code: "ERR_CONFIG_INVALID",
  })
  const broken = new Proxy({}, { ownKeys: () => assert.fail("read") })
  for (const given of [undefined, null, "memory:", [], {}, broken] as never[])
    await expect(createContainer(given)).rejects.toMatchObject({ code: "ERR_CONFIG_INVALID" })
  await using container = await createContainer({ store: "memory:" })
  await expect(container.injector.resolve(DI_TOKENS.RATE_LIMITING_SERVICE).checkRateLimit({ userId: "ada" }, "api")).rejects.toMatchObject({
    code: "ERR_INVALID_ARGUMENT",
  })
})
