import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import type { OwnedSessionService } from "../../domain/interfaces/session/ISessionService.js"
import { type Attributes, application } from "./application.js"
import { openSites, type Sites } from "./sites.js"
import { visit } from "./visitor.js"

let sites: Sites
let sessions: OwnedSessionService<Attributes, Attributes>

beforeAll(async () => {
  sites = await openSites()
  sessions = await createSessionService<Attributes>({ store: "memory:" })
  sites.serve("app", application(sessions, sites.origins.app))
})
afterAll(async () => {
  await sites[Symbol.asyncDispose]()
  await sessions.close()
})

describe("two tabs of one browser", () => {
  it("who signs out in one is signed out in the other", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    const other = await ada.context.newPage()
    await other.goto(`${sites.origins.app}/account`)
    await ada.press("Sign out")
    const answered = other.waitForResponse(`${sites.origins.app}/account`)
    await other.reload()
    expect((await answered).status()).toBe(401)
    await expect(other.locator("body").textContent()).resolves.not.toContain("ada")
  })

  it("a form of the tab that was left open changes nothing after the sign-out", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    const other = await ada.context.newPage()
    await other.goto(sites.origins.app)
    await ada.press("Sign out")
    const status = await other.evaluate(async () => (await fetch("/note", { method: "POST", body: new URLSearchParams({ note: "late" }) })).status)
    expect(status).toBe(401)
  })

  it("who signs in as another in one is that other in both", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    const other = await ada.context.newPage()
    await other.goto(`${sites.origins.app}/account`)
    const status = await ada.page.evaluate(async () => (await fetch("/sign-in", { method: "POST", body: new URLSearchParams({ user: "grace" }) })).status)
    expect(status).toBe(200)
    await other.reload()
    await expect(other.locator("h1").textContent()).resolves.toBe("Account of grace")
    expect((await sessions.getUserSessions("ada")).sessions).toEqual([])
  })

  it("the way back after signing out shows nothing of the account", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    expect(await ada.heading("/account")).toBe("Account of ada")
    await ada.page.goto(sites.origins.app)
    await ada.press("Sign out")
    const answered = ada.page.waitForResponse(`${sites.origins.app}/account`)
    await ada.page.goBack()
    await ada.page.goBack()
    expect((await answered).status()).toBe(401)
    await expect(ada.page.locator("body").textContent()).resolves.not.toContain("Account of")
  })
})
