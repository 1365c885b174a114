import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type AttackedApp, startApp } from "./attacked-app.js"
import { sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

async function impersonated(): Promise<{ readonly visitor: Visitor; readonly own: string }> {
  const visitor = new Visitor(app.url)
  await visitor.signIn("root")
  const own = await visitor.token()
  expect((await visitor.send("POST", "/impersonate?user=ada")).status).toBe(200)
  return { visitor, own }
}

describe("a session in which somebody acts for another", () => {
  it("always says who acts, to the handler, and to the user in the list", async () => {
    const { visitor } = await impersonated()
    expect((await visitor.send("GET", "/private")).json).toEqual({ userId: "ada", impersonatorId: "root" })
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    expect((await ada.send("GET", "/devices")).json.map(({ impersonated }: { impersonated: boolean }) => impersonated)).toContain(true)
  })

  it("gets nothing that asks for a proof, and cannot make one up", async () => {
    const { visitor } = await impersonated()
    for (const [method, path] of [
      ["POST", "/password"],
      ["DELETE", "/account"],
    ] as const)
      expect((await visitor.send(method, path)).status).toBe(401)
    for (const user of ["ada", "root"]) expect((await visitor.send("POST", `/reauthenticate?user=${user}`)).status).toBe(403)
    expect((await visitor.send("POST", "/note", { json: { impersonatorId: null, authenticatedAt: new Date() } })).status).toBe(200)
    expect((await visitor.send("POST", "/password")).status).toBe(401)
  })

  it("leads to no further one", async () => {
    const { visitor } = await impersonated()
    expect((await visitor.send("POST", "/impersonate?user=bob")).status).toBe(403)
    expect((await visitor.send("GET", "/private")).json).toEqual({ userId: "ada", impersonatorId: "root" })
  })

  it.each(["elsewhere", "everywhere"])("ends none of the user's sessions: %s", async (where) => {
    const ada = new Visitor(app.url)
    await ada.signIn("ada")
    const { sessionId } = (await ada.send("GET", "/me")).json
    const { visitor } = await impersonated()
    expect((await visitor.send("POST", `/sign-out?sessionId=${sessionId}`)).json).toEqual({ ended: 0 })
    expect((await visitor.send("POST", `/sign-out?where=${where}`)).json).toEqual({ ended: where === "everywhere" ? 1 : 0 })
    expect((await ada.send("GET", "/private")).status).toBe(200)
  })

  it("ends when the one it came from does", async () => {
    const { visitor, own } = await impersonated()
    expect((await visitor.send("GET", "/private")).status).toBe(200)
    expect((await sendRaw(app.url, "POST", "/sign-out?where=everywhere", { headers: withToken(own) })).status).toBe(200)
    expect((await visitor.send("GET", "/private")).status).toBe(401)
  })

  it("needs a recent proof of who acts, and somebody else to act for", async () => {
    const visitor = new Visitor(app.url)
    await visitor.signIn("root", "&ago=600000")
    const refused = await visitor.send("POST", "/impersonate?user=ada")
    expect([refused.status, refused.json.code, refused.setCookies]).toEqual([401, "ERR_REAUTHENTICATION_NEEDED", []])
    await visitor.send("POST", "/reauthenticate?user=root")
    expect((await visitor.send("POST", "/impersonate?user=root")).status).toBe(403)
    for (const how of ["guest", "pending?user=root"]) {
      const stranger = new Visitor(app.url)
      await stranger.send("POST", `/${how}`, { json: {} })
      expect((await stranger.send("POST", "/impersonate?user=ada")).status).toBe(401)
    }
    expect((await new Visitor(app.url).send("POST", "/impersonate?user=ada")).status).toBe(401)
  })
})
