import { once } from "node:events"
import { request } from "undici"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { WebSocket } from "ws"
import { type AttackedApp, ORIGIN, startApp } from "./attacked-app.js"
import { sendRaw, Visitor, withToken } from "./visitor.js"

let app: AttackedApp
beforeAll(async () => {
  app = await startApp({ bearer: true })
})
afterAll(() => app.close())

const visitor = (): Visitor => new Visitor(app.url)

/** How a server answers whoever asks for a WebSocket: 101 when it opens. */
async function upgrade(headers: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly socket: WebSocket }> {
  const socket = new WebSocket(app.url.replace("http", "ws"), { headers })
  socket.on("error", () => undefined)
  const status = await new Promise<number>((resolve) => {
    socket.once("open", () => resolve(101))
    socket.once("unexpected-response", (request, response) => {
      resolve(response.statusCode ?? 0)
      request.destroy()
    })
  })
  return { status, socket }
}

/** The same token, by each way that a request can bring it. */
async function statuses(token: string): Promise<Record<string, number>> {
  const byCookie = await sendRaw(app.url, "GET", "/private", { headers: withToken(token) })
  const byBearer = await sendRaw(app.url, "GET", "/private", { headers: { authorization: `Bearer ${token}` } })
  const bySocket = await upgrade({ origin: ORIGIN, cookie: withToken(token).cookie ?? "" })
  bySocket.socket.terminate()
  return { cookie: byCookie.status, bearer: byBearer.status, socket: bySocket.status }
}

const OPEN = { cookie: 200, bearer: 200, socket: 101 }
const CLOSED = { cookie: 401, bearer: 401, socket: 401 }

describe("a token that was copied before", () => {
  it.each(["here", "everywhere"])("opens nothing after a sign-out %s, whichever way it comes", async (where) => {
    const ada = visitor()
    await ada.signIn("ada")
    const copied = await ada.token()
    expect(await statuses(copied)).toEqual(OPEN)
    expect((await ada.send("POST", `/sign-out?where=${where}`)).status).toBe(200)
    expect(await ada.token()).toBe("")
    expect(await statuses(copied)).toEqual(CLOSED)
  })

  it("opens nothing after its owner ended it from another device, or ended all others", async () => {
    const [laptop, phone, lost] = [visitor(), visitor(), visitor()]
    for (const device of [laptop, phone, lost]) await device.signIn("bea")
    const { sessionId } = (await lost.send("GET", "/me")).json
    const copied = await lost.token()
    expect((await laptop.send("POST", `/sign-out?sessionId=${sessionId}`)).json).toEqual({ ended: 1 })
    expect(await statuses(copied)).toEqual(CLOSED)
    expect((await phone.send("GET", "/private")).status).toBe(200)

    expect((await laptop.send("POST", "/sign-out?where=elsewhere")).json).toEqual({ ended: 1 })
    expect(await statuses(await phone.token())).toEqual(CLOSED)
    expect((await laptop.send("GET", "/private")).status).toBe(200)
  })

  it("gets nothing of 200 requests that begin after the sign-out was answered, whatever ran beside it", async () => {
    const ada = visitor()
    await ada.signIn("ada")
    const headers = withToken(await ada.token())
    const note = (n: number) => sendRaw(app.url, "POST", "/note", { headers, json: { n } })
    const beside = Array.from({ length: 50 }, (_unused, n) => note(n))
    expect((await ada.send("POST", "/sign-out")).status).toBe(200)
    const after = await Promise.all(Array.from({ length: 200 }, (_unused, n) => (n % 2 === 0 ? note(n) : sendRaw(app.url, "GET", "/private", { headers }))))
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([401]))
    expect((await Promise.all(beside)).filter(({ status }) => status !== 200 && status !== 401)).toEqual([])
  })
})

describe("a WebSocket", () => {
  it.each(["https://evil.example", "https://app.example.evil.example", "null"])("of a page at %s is refused, though it brings the cookie", async (origin) => {
    const ada = visitor()
    await ada.signIn("ada")
    const cookie = withToken(await ada.token()).cookie ?? ""
    expect((await upgrade({ origin, cookie })).status).toBe(403)
    expect((await upgrade({ origin, cookie, "sec-fetch-site": "same-origin" })).status).toBe(403)
    expect((await upgrade({ cookie })).status).toBe(403)
  })

  it("that is open is closed when its session ends, in this process or in another", async () => {
    for (const end of ["by its owner", "past the application"]) {
      const ada = visitor()
      await ada.signIn("ada")
      const { socket, status } = await upgrade({ origin: ORIGIN, cookie: withToken(await ada.token()).cookie ?? "" })
      expect(status).toBe(101)
      socket.send("who am I?")
      const [name] = await once(socket, "message")
      expect(String(name)).toBe("ada")
      const closed = once(socket, "close")
      if (end === "by its owner") await ada.send("POST", "/sign-out")
      else await app.elsewhere.deleteUserSessions("ada")
      const [code] = await closed
      expect(code).toBe(4401)
    }
  })
})

describe("a stream of events", () => {
  it("is told that its session has ended, in this process or in another, where the application asks", { timeout: 20_000 }, async () => {
    for (const end of ["by its owner", "past the application"]) {
      const ada = visitor()
      await ada.signIn("ada")
      const { body, statusCode } = await request(`${app.url}/events`, { headers: withToken(await ada.token()) })
      expect(statusCode).toBe(200)
      const events = body[Symbol.asyncIterator]()
      expect(String((await events.next()).value)).toBe("data: ada\n\n")
      if (end === "by its owner") await ada.send("POST", "/sign-out")
      else await app.elsewhere.deleteUserSessions("ada")
      expect((await events.next()).done).toBe(true)
    }
  })
})
