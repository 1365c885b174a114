import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import type { OwnedSessionService } from "../../domain/interfaces/session/ISessionService.js"
import { type Attributes, application } from "./application.js"
import { openPlainSite, openSites, page, type Sites } from "./sites.js"
import { type Visitor, visit as visitOf } from "./visitor.js"

let sites: Sites
let sessions: OwnedSessionService<Attributes, Attributes>

beforeAll(async () => {
  sites = await openSites()
  sessions = await createSessionService<Attributes>({ store: "memory:" })
})
afterAll(async () => {
  await sites[Symbol.asyncDispose]()
  await sessions.close()
})

const visitor = (origin = sites.origins.app) => visitOf(sites.browser, origin)
const NAMES = { "__Host-Http-": "__Host-Http-sid", "__Host-": "__Host-sid" } as const

describe.each(["__Host-Http-", "__Host-"] as const)("the cookie with prefix %s in Chromium", (prefix) => {
  const name = NAMES[prefix]
  beforeAll(() => sites.serve("app", application(sessions, sites.origins.app, { prefix })))

  it("is Secure, HttpOnly, SameSite=Lax, for this host alone, and ends with the browser", async () => {
    await using visit = await visitor()
    await visit.signIn("ada")
    expect(await visit.cookies()).toEqual([
      expect.objectContaining({ name, domain: "app.test", path: "/", secure: true, httpOnly: true, sameSite: "Lax", expires: -1 }),
    ])
  })

  it("outlasts the browser when the user asked to be remembered", async () => {
    await using visit = await visitor()
    await visit.signIn("ada", { remember: true })
    const [cookie] = await visit.cookies()
    const days = ((cookie?.expires ?? 0) * 1000 - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(89)
    expect(days).toBeLessThanOrEqual(90)
  })

  it("is not seen by a script, and not put in place of by one", async () => {
    await using visit = await visitor()
    await visit.signIn("ada")
    const seen = await visit.page.evaluate((key) => {
      const before = document.cookie
      // biome-ignore lint/suspicious/noDocumentCookie: what an injected script would do
      document.cookie = `${key}=planted; Secure; Path=/`
      return [before, document.cookie]
    }, name)
    expect(seen).toEqual(["", ""])
    expect(await visit.heading("/")).toBe("ada")
  })

  it("is another after signing in than one that was planted before", async () => {
    await using visit = await visitor()
    await visit.context.addCookies([{ name, value: "planted", url: sites.origins.app, secure: true, httpOnly: true, sameSite: "Lax" }])
    await visit.signIn("ada")
    const cookies = await visit.cookies()
    expect(cookies.map((cookie) => cookie.name)).toEqual([name])
    expect(cookies[0]?.value).not.toBe("planted")
  })

  it("is not taken from a neighbour on a subdomain, whatever it sets", async () => {
    sites.serve("neighbour", (_request, response) => {
      response.setHeader("set-cookie", [`${name}=tossed; Domain=app.test; Path=/; Secure; HttpOnly`, `${name}=tossed; Domain=app.test; Path=/account; Secure`])
      page(response, "<h1>neighbour</h1>")
    })
    await using visit = await visitor()
    await visit.signIn("ada")
    const before = await visit.cookies()
    await visit.page.goto(sites.origins.neighbour)
    expect(await visit.cookies()).toEqual(before)
    expect(await visit.heading("/account")).toBe("Account of ada")
  })

  it("is gone after signing out", async () => {
    await using visit = await visitor()
    await visit.signIn("ada")
    await visit.press("Sign out")
    expect(await visit.cookies()).toEqual([])
    expect(await visit.heading("/")).toBe("Nobody")
  })
})

describe("a script against the default prefix", () => {
  it("cannot plant a cookie of this name before anybody signed in", async () => {
    sites.serve("app", application(sessions, sites.origins.app))
    await using visit = await visitor()
    await visit.page.goto(sites.origins.app)
    await visit.page.evaluate(() => {
      // biome-ignore lint/suspicious/noDocumentCookie: what an injected script would do
      document.cookie = "__Host-Http-sid=planted; Secure; Path=/"
    })
    expect(await visit.cookies()).toEqual([])
  })
})

describe("SameSite", () => {
  const link = (to: string) => `<a href="${to}/account">to the account</a>`

  it("Lax: who follows a link from another site arrives signed in", async () => {
    sites.serve("app", application(sessions, sites.origins.app))
    expect(await arrive()).toBe("Account of ada")
  })

  it("Strict: who follows a link from another site arrives signed out, and is signed in at the next click", async () => {
    sites.serve("app", application(sessions, sites.origins.app, { sameSite: "strict" }))
    await using visit = await visitor()
    await visit.signIn("ada")
    expect(await follow(visit)).toBe(401)
    expect(await visit.heading("/account")).toBe("Account of ada")
  })

  async function arrive(): Promise<string> {
    await using visit = await visitor()
    await visit.signIn("ada")
    expect(await follow(visit)).toBe(200)
    return (await visit.page.locator("h1").textContent()) ?? ""
  }

  async function follow(visit: Visitor): Promise<number | undefined> {
    sites.serve("stranger", (_request, response) => page(response, link(sites.origins.app)))
    await visit.page.goto(sites.origins.stranger)
    const answer = visit.page.waitForResponse(`${sites.origins.app}/account`)
    await visit.page.locator("a").click()
    const status = (await answer).status()
    await visit.page.waitForLoadState()
    return status
  }
})

describe("a cookie for an embedded page", () => {
  it("is sent in a frame of another site, and is another one than outside of it", async () => {
    sites.serve("app", application(sessions, sites.origins.app, { embedded: true }))
    sites.serve("stranger", (_request, response) => page(response, `<iframe src="${sites.origins.app}/"></iframe>`))
    await using visit = await visitor()
    await visit.page.goto(sites.origins.stranger)
    const frame = visit.page.frameLocator("iframe")
    await frame.locator("[name=user]").fill("ada")
    await frame.getByRole("button", { name: "Sign in" }).click()
    await frame.getByText("ada").waitFor()
    expect(await visit.heading("/")).toBe("Nobody")
  })
})

describe("plain HTTP on a developer's machine", () => {
  it("works on localhost when it is asked for", async () => {
    let listener: Parameters<typeof openPlainSite>[0] = () => undefined
    await using site = await openPlainSite((request, response) => listener(request, response))
    listener = application(sessions, site.origin, { insecureDevelopment: true })
    await using visit = await visitor(site.origin)
    await visit.signIn("ada")
    expect(await visit.context.cookies(site.origin)).toEqual([expect.objectContaining({ name: "dev-sid", secure: false, httpOnly: true, sameSite: "Lax" })])
    expect(await visit.heading("/account")).toBe("Account of ada")
  })
})
