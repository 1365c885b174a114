import { describe, expect, it, onTestFinished } from "vitest"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"
import { startServer } from "../support/servers.js"
import { applicationOf, koaApplication, LIBRARIES } from "./applications.js"
import { Browser, signedIn } from "./browser.js"
import { nodeRedis, ownPrefix } from "./stores.js"

describe.each(LIBRARIES)("%s while the store is away", (library) => {
  it("answers with an error, lets nobody in, signs nobody out, and goes on when the store is back", async () => {
    await using server = await startServer({ kind: "redis" })
    await using application = await applicationOf(library, { store: server.url, timeout: "300ms" })
    const browser = await signedIn(application)
    server.pause()
    const answer = await browser.visit("/")
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain("ada")
    expect(application.errors).toMatchObject([{ code: "ERR_STORE_TIMEOUT" }])
    server.resume()
    await expect.poll(async () => (await browser.visit("/")).status, { timeout: 10_000 }).toBe(200)
    expect(await browser.fields()).toEqual({ user: "ada" })
  })

  it("starts without it, and opens it when it is there", async () => {
    await using server = await startServer({ kind: "redis" })
    await server.kill9()
    await using application = await applicationOf(library, { store: server.url, timeout: "300ms" })
    expect((await new Browser(application).visit("/login?user=ada")).status).toBe(500)
    await server.restart()
    const browser = await signedIn(application)
    expect(await browser.fields()).toEqual({ user: "ada" })
  })
})

it.each(["redis", "valkey"] as const)("koa-session with sessions that each read keeps lets users in while %s takes no writes", async (kind) => {
  await using server = await startServer({ kind })
  const client = await nodeRedis(kind, server.url)
  const store = new KoaStore({ store: client, keyPrefix: ownPrefix() })
  onTestFinished(() => store.close())
  await using application = await koaApplication(store, { maxAge: "session" })
  const browser = new Browser(application)
  await browser.visit("/write?field=user&value=ada")
  await client.configSet("min-replicas-to-write", "1")
  expect(await browser.fields()).toEqual({ user: "ada" })
  expect(application.errors).toEqual([])
  expect((await browser.visit("/write?field=user&value=eve")).status).toBe(500)
  await client.configSet("min-replicas-to-write", "0")
  expect(await browser.fields()).toEqual({ user: "ada" })
})
