// The same behind Koa, and a socket that is closed with its session.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createSessionService, type SessionEvent } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { koaDoor } from "coatcheck/koa"
import { webSocketDoor } from "coatcheck/websocket"
import Koa from "koa"
import { WebSocket, WebSocketServer } from "ws"

let hear = (_event: SessionEvent) => {}
const sessions = await createSessionService<{ theme?: string }>({ store: "memory:", onEvent: (event) => hear(event) })
const auth = createAuthenticator({ sessions, origin: "https://app.example" })
const door = koaDoor(auth)
const sockets = webSocketDoor(auth, { checkEvery: "5s" })
hear = sockets.onEvent

const app = new Koa()
app.use(door.optionalSession()).use(async (ctx, next) => {
  if (ctx.path === "/login") {
    await ctx.state.auth.signIn({ userId: "grace" })
    ctx.status = 204
  } else if (ctx.path === "/logout") ctx.body = { ended: await ctx.state.auth.signOut() }
  else await next()
})
app.use(door.requireSession()).use((ctx) => {
  ctx.body = { user: ctx.state.session.userId satisfies string, theme: ctx.state.session.attributes.theme ?? "dark" }
})

new Koa().use(door.requireSession()).use((ctx) => {
  // @ts-expect-error never changes
  ctx.state.session.userId = "x"
})

const wss = new WebSocketServer({ noServer: true })
const serve = app.callback()
const server = createServer((req, res) => void serve(req, res))
server.on(
  "upgrade",
  sockets.requireSession(wss, (socket, { session }) => {
    socket.send(session.userId satisfies string)
  }),
)
server.listen(0, "127.0.0.1")
await once(server, "listening")
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`

const headers = { "sec-fetch-site": "same-origin" }
assert.equal((await fetch(`http://${host}/me`)).status, 401)
const signedIn = await fetch(`http://${host}/login`, { method: "POST", headers })
const cookie = signedIn.headers.getSetCookie()[0]?.split(";")[0] ?? ""
assert.deepEqual(await (await fetch(`http://${host}/me`, { headers: { cookie } })).json(), { user: "grace", theme: "dark" })
const socket = new WebSocket(`ws://${host}`, { origin: "https://app.example", headers: { cookie } })
const [greeting] = (await once(socket, "message")) as [Buffer]
assert.equal(greeting.toString(), "grace")
const closed = once(socket, "close")
assert.deepEqual(await (await fetch(`http://${host}/logout`, { method: "POST", headers: { ...headers, cookie } })).json(), { ended: 1 })
assert.equal((await closed)[0], 4401)
server.close()
console.log("ok 08e-koa-websocket")
