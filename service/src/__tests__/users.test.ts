import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSessionService } from "coatcheck"
import { describe, expect, it, onTestFinished } from "vitest"
import { testService } from "./support/test-service.js"

describe("a user's sessions", () => {
  it("are listed a page at a time, newest first, and never with a token", async () => {
    const { call, create } = await testService()
    const made = []
    for (let n = 0; n < 5; n++) made.push(await create({ userId: "ada", attributes: { n } }))
    await create({ userId: "eve" })
    const handles: string[] = []
    let cursor = ""
    let pages = 0
    do {
      const page = await call("GET", `/v1/users/ada/sessions?limit=2${cursor}`)
      expect(page.status).toBe(200)
      for (const { token } of made) expect(JSON.stringify(page.body)).not.toContain(token.split(".")[2])
      handles.push(...page.body.sessions.map((found: { sessionId: string }) => found.sessionId))
      cursor = page.body.cursor === undefined ? "" : `&cursor=${encodeURIComponent(page.body.cursor)}`
      pages++
    } while (cursor !== "" && pages < 10)
    expect(handles).toEqual(made.map(({ session }) => session.sessionId).reverse())
    expect((await call("GET", "/v1/users/nobody/sessions")).body).toEqual({ sessions: [] })
  })

  it("name those that cannot be read, and these can be ended", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-users-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const store = `sqlite:${join(folder, "sessions.db")}`
    const [sessions, newer] = await Promise.all([createSessionService({ store }), createSessionService({ store, schemaVersion: 2 })])
    onTestFinished(async () => void (await Promise.all([sessions.close(), newer.close()])))
    const { sessionId } = (await newer.createSession({ userId: "ada" })).session
    const { call } = await testService({ sessions })
    expect((await call("GET", "/v1/users/ada/sessions")).body).toEqual({ sessions: [], unreadable: [sessionId] })
    expect((await call("DELETE", `/v1/users/ada/sessions/${sessionId}`)).status).toBe(204)
    expect((await call("GET", "/v1/users/ada/sessions")).body).toEqual({ sessions: [] })
  })

  it.each(["cursor=x", "limit=0", "limit=201", "limit=ten", "page=2"])("a list with ?%s is 400", async (query) => {
    const { call } = await testService()
    expect(await call("GET", `/v1/users/ada/sessions?${query}`)).toMatchObject({ status: 400, body: { code: "ERR_INVALID_ARGUMENT" } })
  })

  it("are ended one by one: 204, then 404, and 404 for another user's", async () => {
    const { call, create } = await testService()
    const { token, session } = await create()
    expect((await call("DELETE", `/v1/users/eve/sessions/${session.sessionId}`)).status).toBe(404)
    expect((await call("DELETE", `/v1/users/ada/sessions/${session.sessionId}`)).status).toBe(204)
    for (const id of [session.sessionId, token, "x"]) {
      expect(await call("DELETE", `/v1/users/ada/sessions/${id}`)).toMatchObject({ status: 404, body: { code: "ERR_SESSION_NOT_FOUND" } })
    }
    expect((await call("GET", "/v1/session", { token })).status).toBe(404)
  })

  it("are ended all, or all but one", async () => {
    const { call, create } = await testService()
    const made = [await create(), await create(), await create({ pendingUserId: "ada" }), await create({ userId: "eve" })]
    const status = async () => Promise.all(made.map(async ({ token }) => (await call("GET", "/v1/session", { token })).status))
    const first = await call("POST", "/v1/users/ada/sign-out", { json: { except: made[1].session.sessionId } })
    expect(first).toMatchObject({ status: 200, body: { ended: 2 } })
    expect(await status()).toEqual([404, 200, 404, 200])
    expect((await call("POST", "/v1/users/ada/sign-out")).body).toEqual({ ended: 1 })
    expect(await status()).toEqual([404, 404, 404, 200])
    expect((await call("POST", "/v1/users/ada/sign-out", { json: {} })).body).toEqual({ ended: 0 })
  })

  it.each([{ except: 1 }, { exept: "x" }, { thorough: true }, []])("signing out with %j is 400 and ends nothing", async (json) => {
    const { call, create } = await testService()
    const { token } = await create()
    expect((await call("POST", "/v1/users/ada/sign-out", { json })).status).toBe(400)
    expect((await call("GET", "/v1/session", { token })).status).toBe(200)
  })
})
