import { EventEmitter, once } from "node:events"
import { createServer, type Server } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest"
import { WebSocket, WebSocketServer } from "ws"
import { SocketWatch } from "../../doors/SocketWatch.js"
import { type AuditEvent, createAuthenticator } from "../../exports/auth.js"
import { SessionError } from "../../exports/index.js"
import { type WebSocketDoor, webSocketDoor } from "../../exports/websocket.js"
import { ORIGIN } from "./Browser.js"
import type { Attributes } from "./routes.js"
import { type WatchedSessions, watchedSessions } from "./watched-sessions.js"

let watched: WatchedSessions
let door: WebSocketDoor<Attributes, Attributes>
let server: Server
let sockets: WebSocketServer
let heard: string[]
let logged: AuditEvent[]

beforeEach(async () => {
  watched = await watchedSessions()
  logged = []
  const onAudit = (event: AuditEvent): unknown => logged.push(event)
  door = webSocketDoor(createAuthenticator({ sessions: watched.sessions, origin: ORIGIN, bearer: true, onAudit }), { checkEvery: "100ms" })
  heard = []
  sockets = new WebSocketServer({ noServer: true })
  server = createServer()
  server.on(
    "upgrade",
    door.requireSession(sockets, (socket, { session, auth }, request) => {
      socket.on("message", (message: Buffer) => {
        heard.push(message.toString())
        const said = auth.signIn({ userId: "ada" }).then(
          () => "signed in",
          (error: unknown) => (SessionError.is(error) ? error.code : "another error"),
        )
        void said.then((code) => socket.send(code))
      })
      socket.send(`${session.userId} at ${request.url}`)
    }),
  )
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
})

afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate()
  server.close()
  server.closeAllConnections()
  await watched.close()
})

interface Opening {
  readonly origin?: string | null
  readonly cookie?: string
  readonly authorization?: string
  readonly site?: string
}

function openSocket({ origin = ORIGIN, cookie, authorization, site }: Opening): WebSocket {
  const { port } = server.address() as AddressInfo
  const headers = { ...(cookie && { cookie }), ...(authorization && { authorization }), ...(site && { "sec-fetch-site": site }) }
  return new WebSocket(`ws://127.0.0.1:${port}/live`, { headers, ...(origin !== null && { origin }) })
}

/** The first message of an open socket, or the answer in place of a handshake. */
function outcome(socket: WebSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("message", (message: Buffer) => resolve(message.toString()))
    socket.once("unexpected-response", (_request, response) => {
      let text = ""
      response.on("data", (chunk) => (text += String(chunk)))
      response.on("end", () => resolve(`${response.statusCode} ${JSON.parse(text).code}`))
    })
    socket.once("error", reject)
  })
}

async function closing(socket: WebSocket): Promise<number> {
  const [code] = await once(socket, "close")
  return code as number
}

async function cookieOf(userId: string): Promise<string> {
  const { token } = await watched.sessions.createSession({ userId })
  return `__Host-Http-sid=${token}`
}

describe("the handshake", () => {
  it("is made for who is signed in and comes from the application's own page", async () => {
    const socket = openSocket({ cookie: await cookieOf("ada") })
    expect(await outcome(socket)).toBe("ada at /live")
    socket.close()
    expect(await closing(socket)).toBe(1005)
  })

  it("is refused to everybody else, and no socket is opened", async () => {
    const cookie = await cookieOf("ada")
    const token = cookie.slice(cookie.indexOf("=") + 1)
    const pending = await watched.sessions.createSession({ pendingUserId: "ada" })
    expect(await outcome(openSocket({}))).toBe("401 ERR_NOT_AUTHENTICATED")
    expect(await outcome(openSocket({ cookie: `__Host-Http-sid=${pending.token}` }))).toBe("401 ERR_NOT_AUTHENTICATED")
    for (const origin of ["https://evil.example", "null", null]) expect(await outcome(openSocket({ origin, cookie }))).toBe("403 ERR_REQUEST_FORGED")
    // Browsers send it with handshakes to any site, so it proves nothing here.
    expect(await outcome(openSocket({ origin: null, site: "same-origin", cookie }))).toBe("403 ERR_REQUEST_FORGED")
    expect(await outcome(openSocket({ cookie: `${cookie}; ${cookie}` }))).toBe("400 ERR_REQUEST_AMBIGUOUS")
    expect(await outcome(openSocket({ origin: null, authorization: `Bearer ${token}` }))).toBe("ada at /live")
    expect(sockets.clients.size).toBe(1)
  })

  it("is a 503 while the store is away", async () => {
    const cookie = await cookieOf("ada")
    watched.away = true
    expect(await outcome(openSocket({ cookie }))).toBe("503 ERR_STORE_UNAVAILABLE")
  })

  it("hands what it does not know to the server's own event, and is a 500 where nobody listens", async () => {
    const cookie = await cookieOf("ada")
    const mistake = new Error("the service made a mistake")
    watched.failure = mistake
    await expect(outcome(openSocket({ cookie }))).resolves.toBe("500 undefined")
    const seen: unknown[] = []
    sockets.on("wsClientError", (error, socket) => {
      seen.push(error)
      socket.end("HTTP/1.1 500 Mine\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
    })
    await expect(outcome(openSocket({ cookie }))).resolves.toBe("500 undefined")
    expect(seen).toEqual([mistake])
  })

  it("can set no cookie: signing in rejects, and nothing was made", async () => {
    const socket = openSocket({ cookie: await cookieOf("ada") })
    await outcome(socket)
    socket.send("sign in")
    const [answer] = await once(socket, "message")
    expect(String(answer)).toBe("ERR_ANSWER_SENT")
    expect((await watched.sessions.getUserSessions("ada")).sessions).toHaveLength(1)
  })
})

describe("an open socket", () => {
  it("is closed with 4401 when its session was ended, and no other is; the security log hears of no misuse", async () => {
    const [ada, grace] = [openSocket({ cookie: await cookieOf("ada") }), openSocket({ cookie: await cookieOf("grace") })]
    await Promise.all([outcome(ada), outcome(grace)])
    await watched.sessions.deleteUserSessions("ada")
    expect(await closing(ada)).toBe(4401)
    expect(logged).toEqual([])
    const looks = watched.calls.length
    await expect.poll(() => watched.calls.length).toBeGreaterThan(looks + 1)
    expect(grace.readyState).toBe(WebSocket.OPEN)
  })

  it("is closed when its session expires, for looking is no activity", async () => {
    const { token } = await watched.sessions.createSession({ userId: "ada", idleTimeout: "10m" })
    const socket = openSocket({ cookie: `__Host-Http-sid=${token}` })
    await outcome(socket)
    watched.clock.advance("9m")
    watched.calls.length = 0
    await expect.poll(() => watched.calls.length).toBeGreaterThan(1)
    watched.clock.advance("3m")
    expect(await closing(socket)).toBe(4401)
  })

  it("is closed at once when this process ends its session", async () => {
    const slow = webSocketDoor(createAuthenticator({ sessions: watched.sessions, origin: ORIGIN }), { checkEvery: "5m" })
    server.removeAllListeners("upgrade")
    server.on(
      "upgrade",
      slow.requireSession(sockets, (opened, { session }) => opened.send(session.sessionId)),
    )
    const socket = openSocket({ cookie: await cookieOf("ada") })
    const sessionId = (await outcome(socket)) as never
    slow.onEvent({ type: "rotated", sessionId })
    socket.ping()
    await once(socket, "pong")
    expect(socket.readyState).toBe(WebSocket.OPEN)
    slow.onEvent({ type: "ended", sessionId, reason: "revoked" })
    expect(await closing(socket)).toBe(4401)
  })

  it("is closed at once when its session ended during the handshake, after it was read", async () => {
    const slow = webSocketDoor(createAuthenticator({ sessions: watched.sessions, origin: ORIGIN }), { checkEvery: "5m" })
    const late = {
      handleUpgrade: (...given: Parameters<WebSocketServer["handleUpgrade"]>) =>
        void watched.sessions.deleteUserSessions("ada").then(() => sockets.handleUpgrade(...given)),
      emit: () => false,
    }
    server.removeAllListeners("upgrade")
    server.on(
      "upgrade",
      slow.requireSession(late, () => {}),
    )
    expect(await closing(openSocket({ cookie: await cookieOf("ada") }))).toBe(4401)
  })

  it.each([
    ["waits for messages", () => {}],
    [
      "threw",
      () => {
        throw new Error("mistake")
      },
    ],
  ])("that breaks the protocol is disconnected, and ends nothing else, when its handler %s", async (_what, handler) => {
    server.removeAllListeners("upgrade")
    server.on("upgrade", door.requireSession(sockets, handler))
    const uncaught = vi.fn()
    process.on("uncaughtException", uncaught)
    onTestFinished(() => void process.off("uncaughtException", uncaught))
    const { port } = server.address() as AddressInfo
    const line = connect(port, "127.0.0.1")
    const head = ["GET /live HTTP/1.1", "Host: a", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
    line.write([...head, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", `Origin: ${ORIGIN}`, `Cookie: ${await cookieOf("ada")}`, "", ""].join("\r\n"))
    expect(String(await once(line, "data"))).toContain("101 Switching Protocols")
    // Bits that are reserved.
    line.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]))
    await once(line, "close")
    await expect.poll(() => sockets.clients.size).toBe(0)
    expect(uncaught).not.toHaveBeenCalled()
  })

  it("is not heard any more, whatever the other end goes on sending, and is cut off when that says no goodbye", async () => {
    const socket = openSocket({ cookie: await cookieOf("ada") })
    await outcome(socket)
    const [inside] = sockets.clients
    // Deaf to the closing: it stays open on this side.
    socket.pause()
    await watched.sessions.deleteUserSessions("ada")
    await expect.poll(() => inside?.readyState).toBe(WebSocket.CLOSING)
    socket.send("still here")
    await expect.poll(() => inside?.readyState, { timeout: 5_000 }).toBe(WebSocket.CLOSED)
    expect(heard).toEqual([])
    socket.terminate()
  })

  it("is not heard by listeners that come after its end, either", async () => {
    const socket = openSocket({ cookie: await cookieOf("ada") })
    await outcome(socket)
    const [inside] = sockets.clients
    socket.pause()
    await watched.sessions.deleteUserSessions("ada")
    await expect.poll(() => inside?.readyState).toBe(WebSocket.CLOSING)
    inside?.on("message", (message: Buffer) => heard.push(message.toString()))
    socket.send("still here")
    await expect.poll(() => inside?.readyState, { timeout: 5_000 }).toBe(WebSocket.CLOSED)
    expect(heard).toEqual([])
    socket.terminate()
  })

  it("that its handler is closing is still looked at: when its session ends it is not heard any more, and is cut off", async () => {
    const socket = openSocket({ cookie: await cookieOf("ada") })
    await outcome(socket)
    const [inside] = sockets.clients
    // Deaf to the closing: it says no goodbye.
    socket.pause()
    inside?.close()
    expect(inside?.readyState).toBe(WebSocket.CLOSING)
    watched.calls.length = 0
    await expect.poll(() => watched.calls.length).toBeGreaterThan(1)
    socket.send("before")
    await expect.poll(() => heard).toEqual(["before"])
    await watched.sessions.deleteUserSessions("ada")
    const looks = watched.calls.length
    await expect.poll(() => watched.calls.length).toBeGreaterThan(looks)
    socket.send("after")
    await expect.poll(() => inside?.readyState, { timeout: 5_000 }).toBe(WebSocket.CLOSED)
    expect(heard).toEqual(["before"])
    socket.terminate()
  })

  it.each<[string, (socket: WebSocket) => unknown]>([
    [
      "throws",
      () => {
        throw new Error("mistake")
      },
    ],
    ["rejects", () => Promise.reject(new Error("mistake"))],
  ])("whose handler %s is closed with 1011, and the server's own event is told, whatever its listener does", async (_how, handler) => {
    const unhandled: unknown[] = []
    const onUnhandled = (error: unknown): unknown => unhandled.push(error)
    process.on("unhandledRejection", onUnhandled)
    onTestFinished(() => void process.off("unhandledRejection", onUnhandled))
    const told: string[] = []
    server.removeAllListeners("upgrade")
    server.on("upgrade", door.requireSession(sockets, handler))
    for (const listening of ["nobody", "somebody", "somebody who throws"]) {
      if (listening !== "nobody")
        sockets.on("wsClientError", (error) => {
          told.push(error.message)
          if (listening === "somebody who throws") throw new Error("the listener's own")
        })
      expect(await closing(openSocket({ cookie: await cookieOf("ada") }))).toBe(1011)
    }
    watched.failure = new Error("the service made a mistake")
    expect(await outcome(openSocket({ cookie: "__Host-Http-sid=x" }))).toBe("500 undefined")
    expect(told).toEqual(["mistake", "mistake", "mistake", "the service made a mistake", "the service made a mistake"])
    expect(unhandled).toEqual([])
  })

  it("stays open over a store that does not answer for a moment, and is closed with 1013 when it goes on", async () => {
    const socket = openSocket({ cookie: await cookieOf("ada") })
    await outcome(socket)
    for (let time = 0; time < 3; time += 1) {
      watched.calls.length = 0
      watched.away = true
      await expect.poll(() => watched.calls.length, { interval: 5 }).toBe(1)
      watched.away = false
      await expect.poll(() => watched.calls.length).toBeGreaterThan(1)
    }
    expect(socket.readyState).toBe(WebSocket.OPEN)
    watched.away = true
    expect(await closing(socket)).toBe(1013)
  })

  it("is looked at no more once it is closed", () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const socket = Object.assign(new EventEmitter(), { readyState: WebSocket.OPEN, OPEN: WebSocket.OPEN })
    new SocketWatch(1_000).watch(socket as unknown as WebSocket, "id" as never, () => Promise.resolve(true))
    expect(vi.getTimerCount()).toBe(1)
    socket.emit("close")
    expect(vi.getTimerCount()).toBe(0)
  })
})

it("an interval that is none is refused at once, and so is a rule", () => {
  const auth = createAuthenticator({ sessions: watched.sessions, origin: ORIGIN })
  for (const checkEvery of ["99ms", "301s", "1" as never, Number.NaN] as const) expect(() => webSocketDoor(auth, { checkEvery })).toThrow(/Expected checkEvery/)
  expect(() => door.requireSession(sockets, () => {}, { maxAge: "1" as never })).toThrow(/maxAge/)
})
