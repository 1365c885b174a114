import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { createSessionService } from "../../config/create-session-service.js"
import type { OwnedSessionService } from "../../domain/interfaces/session/ISessionService.js"
import { type Attributes, application } from "./application.js"
import { openSites, page, type SiteName, type Sites } from "./sites.js"
import { type Visitor, visit } from "./visitor.js"

let sites: Sites
let sessions: OwnedSessionService<Attributes, Attributes>
let forged = ""

beforeAll(async () => {
  sites = await openSites()
  sessions = await createSessionService<Attributes>({ store: "memory:" })
  sites.serve("app", application(sessions, sites.origins.app))
  for (const site of ["neighbour", "stranger"] as const) sites.serve(site, (_request, response) => page(response, forged))
})
afterEach(async () => {
  for (const user of ["ada", "mallory"]) await sessions.deleteUserSessions(user)
})
afterAll(async () => {
  await sites[Symbol.asyncDispose]()
  await sessions.close()
})

// Another site, and another origin of the same site: SameSite cookies stop the first alone.
describe.each(["stranger", "neighbour"] as const)("from the %s's page", (site) => {
  it("a form changes nothing of whoever is signed in", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    expect(await sendForm(ada, site, "/note", { note: "forged" })).toBe(403)
    expect(await noteOf("ada")).toBeUndefined()
    expect(await ada.heading("/account")).toBe("Account of ada")
  })

  it("a form does not sign out", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    expect(await sendForm(ada, site, "/sign-out", {})).toBe(403)
    expect(await ada.heading("/account")).toBe("Account of ada")
  })

  it("a form does not sign the visitor in as somebody else", async () => {
    await using visitor = await visit(sites.browser, sites.origins.app)
    expect(await sendForm(visitor, site, "/sign-in", { user: "mallory" })).toBe(403)
    expect(await visitor.cookies()).toEqual([])
    expect((await sessions.getUserSessions("mallory")).sessions).toEqual([])
  })

  it("a script's request with cookies changes nothing", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    forged = ""
    await ada.page.goto(sites.origins[site])
    const answered = ada.page.waitForResponse(`${sites.origins.app}/note`)
    await ada.page.evaluate(async (url) => {
      await fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({ note: "forged" }) }).catch(() => undefined)
    }, `${sites.origins.app}/note`)
    expect((await answered).status()).toBe(403)
    expect(await noteOf("ada")).toBeUndefined()
  })

  it("a script does not read what the account says", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    forged = ""
    await ada.page.goto(sites.origins[site])
    const read = await ada.page.evaluate(
      async (url) =>
        fetch(url, { credentials: "include" }).then(
          async (answer) => answer.text(),
          () => "refused",
        ),
      `${sites.origins.app}/account`,
    )
    expect(read).toBe("refused")
  })
})

describe("from the application's own page", () => {
  it("the very same form is taken", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    await ada.page.evaluate(async () => fetch("/note", { method: "POST", body: new URLSearchParams({ note: "own" }) }))
    expect(await noteOf("ada")).toBe("own")
  })

  it("a form in a sandbox, which has no origin, is refused", async () => {
    sites.serve("stranger", (_request, response) => {
      response.setHeader("content-security-policy", "sandbox allow-forms")
      page(response, forged)
    })
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    expect(await sendForm(ada, "stranger", "/note", { note: "forged" })).toBe(403)
    expect(await noteOf("ada")).toBeUndefined()
  })
})

async function sendForm(visitor: Visitor, site: SiteName, path: string, fields: Readonly<Record<string, string>>): Promise<number> {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
  forged = `<form method="post" action="${sites.origins.app}${path}">${inputs.join("")}<button>Win a prize</button></form>`
  await visitor.page.goto(sites.origins[site])
  const answered = visitor.page.waitForResponse(sites.origins.app + path)
  await visitor.press("Win a prize")
  return (await answered).status()
}

async function noteOf(user: string): Promise<string | undefined> {
  const [session] = (await sessions.getUserSessions(user)).sessions
  expect(session).toBeDefined()
  return session?.attributes.note
}
