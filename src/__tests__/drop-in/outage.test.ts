import { describe, expect, it } from "vitest"
import { startServer } from "../support/servers.js"
import { applicationOf, LIBRARIES } from "./applications.js"
import { Browser, signedIn } from "./browser.js"

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
