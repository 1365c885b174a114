import type { Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocketServer } from "ws"
import { createSessionService } from "../../config/create-session-service.js"
import type { OwnedSessionService } from "../../domain/interfaces/session/ISessionService.js"
import { createAuthenticator } from "../../exports/auth.js"
import { webSocketDoor } from "../../exports/websocket.js"
import { type Attributes, application } from "./application.js"
import { openSites, page, type Sites } from "./sites.js"
import { visit } from "./visitor.js"

let sites: Sites
let sessions: OwnedSessionService<Attributes, Attributes>
let heard = 0

beforeAll(async () => {
  sites = await openSites()
  sessions = await createSessionService<Attributes>({ store: "memory:" })
  sites.serve("app", application(sessions, sites.origins.app))
  for (const site of ["neighbour", "stranger"] as const) sites.serve(site, (_request, response) => page(response, "<h1>elsewhere</h1>"))
  const door = webSocketDoor(createAuthenticator({ sessions, origin: sites.origins.app }), { checkEvery: "100ms" })
  const server = new WebSocketServer({ noServer: true })
  sites.server.on(
    "upgrade",
    door.requireSession(server, (socket, { session }) => {
      heard++
      socket.send(session.userId)
    }),
  )
})
afterAll(async () => {
  await sites[Symbol.asyncDispose]()
  await sessions.close()
})

/** What a page's script gets that opens a socket of the application: its first message, or that it did not open. */
function firstMessage(of: Page): Promise<string> {
  const url = `${sites.origins.app.replace("https:", "wss:")}/socket`
  return of.evaluate(
    (address) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(address)
        socket.onmessage = (event) => resolve(String(event.data))
        socket.onerror = () => resolve("did not open")
      }),
    url,
  )
}

describe("a socket opened by a page", () => {
  it("of the application is the user's", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    expect(await firstMessage(ada.page)).toBe("ada")
  })

  it.each(["neighbour", "stranger"] as const)("of a %s is refused, cookie or not", async (site) => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    await ada.page.goto(sites.origins[site])
    const before = heard
    expect(await firstMessage(ada.page)).toBe("did not open")
    expect(heard).toBe(before)
  })

  it("of the application is refused when nobody is signed in", async () => {
    await using visitor = await visit(sites.browser, sites.origins.app)
    await visitor.page.goto(sites.origins.app)
    expect(await firstMessage(visitor.page)).toBe("did not open")
  })

  it("is closed when another tab signs out", async () => {
    await using ada = await visit(sites.browser, sites.origins.app)
    await ada.signIn("ada")
    const other = await ada.context.newPage()
    await other.goto(sites.origins.app)
    const closed = other.evaluate(
      (address) =>
        new Promise<number>((resolve) => {
          const socket = new WebSocket(address)
          socket.onmessage = () => {
            document.title = "open"
          }
          socket.onclose = (event) => resolve(event.code)
        }),
      `${sites.origins.app.replace("https:", "wss:")}/socket`,
    )
    await expect.poll(() => other.title(), { timeout: 10_000 }).toBe("open")
    await ada.press("Sign out")
    expect(await closed).toBe(4401)
  })
})
