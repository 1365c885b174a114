import { CookieJar } from "tough-cookie"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type AttackedApp, startApp } from "./attacked-app.js"
import { OWN_PAGE, sendRaw, Visitor } from "./visitor.js"

const NAME = "__Host-Http-sid"

let app: AttackedApp
let ada: string
let mallory: string
beforeAll(async () => {
  app = await startApp({ bearer: true })
  const tokens = await Promise.all(
    ["ada", "mallory"].map(async (user) => {
      const visitor = new Visitor(app.url)
      await visitor.signIn(user)
      return visitor.token()
    }),
  )
  ada = tokens[0] ?? ""
  mallory = tokens[1] ?? ""
})
afterAll(() => app.close())

const get = (headers: readonly string[], path = "/private") => sendRaw(app.url, "GET", path, { headers: [...Object.entries(OWN_PAGE).flat(), ...headers] })

describe("a second cookie of the session's name", () => {
  it("is refused in either order, in one header or in two, and nobody is let in or signed out", async () => {
    const [first, second] = [`${NAME}=${ada}`, `${NAME}=${mallory}`]
    for (const headers of [
      ["cookie", `${first}; ${second}`],
      ["cookie", `${second}; ${first}`],
      ["cookie", `${first}; theme=dark; ${first}`],
      ["cookie", first, "cookie", second],
      ["cookie", second, "cookie", first],
      ["cookie", `${NAME}=; ${first}`],
    ]) {
      const answer = await get(headers)
      expect([headers, answer.status, answer.json.code, answer.setCookies]).toEqual([headers, 400, "ERR_REQUEST_AMBIGUOUS", []])
    }
    expect((await get(["cookie", first])).json.userId).toBe("ada")
  })

  it("keeps nobody from nothing when a sign-in meets it: no session is made", async () => {
    const headers = [...Object.entries(OWN_PAGE).flat(), "cookie", `${NAME}=${ada}; ${NAME}=${mallory}`]
    const answer = await sendRaw(app.url, "POST", "/sign-in?user=nobody", { headers })
    expect([answer.status, answer.setCookies]).toEqual([400, []])
    expect((await app.sessions.getUserSessions("nobody")).sessions).toEqual([])
  })
})

describe("a cookie whose name looks alike", () => {
  it.each([
    "__HOST-HTTP-sid",
    "__host-http-sid",
    "__Host-Http-SID",
    "__Host-sid",
    "__Http-sid",
    "__Secure-sid",
    "Host__Http-sid",
    "sid",
    "dev-sid",
    "connect.sid",
    "__Host-Http-sid.sig",
    "__Host-Http-sid2",
    " __Host-Http-sid%20",
  ])("%s opens nothing, and does not stand in the way of the right one", async (name) => {
    expect((await get(["cookie", `${name}=${mallory}`])).status).toBe(401)
    const both = await get(["cookie", `${name}=${mallory}; ${NAME}=${ada}`])
    expect([both.status, both.json?.userId]).toEqual([200, "ada"])
  })

  it("cannot be the right one: what a neighbour or a plain page sets under the name is not kept by clients that know prefixes", async () => {
    const jar = new CookieJar(undefined, { prefixSecurity: "strict", rejectPublicSuffixes: false })
    const kept = async (line: string, url: string): Promise<boolean> => (await jar.setCookie(line, url).catch(() => undefined)) !== undefined
    expect(await kept(`${NAME}=x; Domain=app.example; Path=/; Secure`, "https://neighbour.app.example/")).toBe(false)
    expect(await kept(`${NAME}=x; Path=/`, "http://app.example/")).toBe(false)
    expect(await kept(`${NAME}=x; Path=/deep; Secure`, "https://app.example/deep")).toBe(false)
    const [line = ""] = (await sendRaw(app.url, "POST", "/sign-in?user=bea", { headers: OWN_PAGE })).setCookies
    expect(await kept(line, "https://app.example/")).toBe(true)
  })
})

describe("proofs of who it is from", () => {
  it("two Authorization headers, or a cookie beside one, are refused", async () => {
    const cookie = `${NAME}=${ada}`
    for (const headers of [
      ["authorization", `Bearer ${ada}`, "authorization", `Bearer ${mallory}`],
      ["authorization", `Bearer ${ada}`, "authorization", `Bearer ${ada}`],
      ["authorization", "Basic YTpi", "authorization", `Bearer ${mallory}`],
      ["cookie", cookie, "authorization", `Bearer ${mallory}`],
      ["cookie", cookie, "authorization", `Bearer ${ada}`],
    ]) {
      const answer = await get(headers)
      expect([headers, answer.status, answer.json.code]).toEqual([headers, 400, "ERR_REQUEST_AMBIGUOUS"])
    }
  })

  it("are not looked for in a URL or a body", async () => {
    for (const query of [`sid=${ada}`, `access_token=${ada}`, `token=${ada}`, `${NAME}=${ada}`]) expect((await get([], `/private?${query}`)).status).toBe(401)
    const answer = await sendRaw(app.url, "POST", "/note", { headers: OWN_PAGE, json: { access_token: ada, sid: ada } })
    expect(answer.status).toBe(401)
  })
})
