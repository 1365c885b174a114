import { describe, expect, it, onTestFinished } from "vitest"
import { createAuthenticator } from "../../../exports/auth.js"
import { createSessionService, type OwnedSessionService, type SessionServiceOptions } from "../../../exports/index.js"
import { createFakeClock, signInAs } from "../../../exports/testing.js"
import type { RequestHead, ResponseHead } from "../../../web/contract.js"

type Attributes = { readonly theme?: string }

async function open(options: Partial<SessionServiceOptions> = {}): Promise<OwnedSessionService<Attributes, Attributes>> {
  const sessions = await createSessionService<Attributes>({ store: "memory:", ...options })
  onTestFinished(() => sessions.close())
  return sessions
}

const request = (headers: Readonly<Record<string, string>>, method = "POST"): RequestHead => ({
  method,
  url: "/",
  remoteAddress: "127.0.0.1",
  header: (name) => headers[name],
})
const response: ResponseHead = { sent: false, append: () => undefined, set: () => undefined, values: () => [], beforeSent: () => undefined }

describe("signInAs", () => {
  it("gives headers that an application takes for those of the user", async () => {
    const authenticator = createAuthenticator({ sessions: await open(), origin: "https://app.example" })
    const { headers, session } = await signInAs(authenticator, "ada", { attributes: { theme: "dark" } })
    const head = request(headers)
    const verdict = await authenticator.authorize(authenticator.authenticate(head, response), head)
    expect(verdict).toMatchObject({ ok: true, session: { userId: "ada", sessionId: session.sessionId, attributes: { theme: "dark" } } })
  })

  it("uses the application's own cookie", async () => {
    const sessions = await open()
    const authenticator = createAuthenticator({ sessions, origin: "http://localhost:3000", cookie: { name: "mine", insecureDevelopment: true } })
    expect((await signInAs(authenticator, "ada")).headers.cookie).toMatch(/^dev-mine=/)
  })

  it("makes a session that ends by the application's clock", async () => {
    const clock = createFakeClock()
    const authenticator = createAuthenticator({ sessions: await open({ clock, idleTimeout: "30m" }), origin: "https://app.example" })
    const { headers } = await signInAs(authenticator, "ada")
    const status = async (): Promise<number> => {
      const head = request(headers, "GET")
      const verdict = await authenticator.authorize(authenticator.authenticate(head, response), head)
      return verdict.ok ? 200 : verdict.status
    }
    expect(await status()).toBe(200)
    clock.advance("32m")
    expect(await status()).toBe(401)
  })

  it("makes a session that can be changed, and ended, behind the application's back", async () => {
    const sessions = await open()
    const { session } = await signInAs(createAuthenticator({ sessions, origin: "https://app.example" }), "ada")
    await session.update({ theme: "dark" })
    expect((await sessions.getUserSessions("ada")).sessions[0]?.attributes).toEqual({ theme: "dark" })
    await sessions.deleteUserSessions("ada")
    await expect(session.update({ theme: "light" })).rejects.toMatchObject({ code: "ERR_SESSION_ENDED" })
  })

  it("refuses what signing in refuses", async () => {
    const authenticator = createAuthenticator({ sessions: await open(), origin: "https://app.example" })
    await expect(signInAs(authenticator, "")).rejects.toMatchObject({ code: "ERR_INVALID_ARGUMENT" })
  })
})
