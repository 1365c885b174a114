// The same behind node:http and as functions of Web requests, for one service.
import assert from "node:assert/strict"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createSessionService } from "coatcheck"
import { createAuthenticator } from "coatcheck/auth"
import { nodeDoor } from "coatcheck/node"
import { webDoor } from "coatcheck/web"

const sessions = await createSessionService<{ theme?: string }>({ store: "memory:" })
const auth = createAuthenticator({ sessions, origin: "https://app.example" })
const door = nodeDoor(auth)
const me = door.requireSession((req, res) => {
  res.end(JSON.stringify({ user: req.session.userId satisfies string, theme: req.session.attributes.theme ?? "dark" }))
})
door.requireSession((req) => {
  // @ts-expect-error never changes
  req.session.userId = "x"
})
const web = webDoor(auth)
export const GET = web.requireSession(async (request, { session }) =>
  Response.json({ user: session.userId satisfies string, at: new URL(request.url).pathname }),
)
export const POST = web.optionalSession(async (request, context) => {
  // @ts-expect-error there may be none: ask context.auth
  void context.session
  await context.auth.signIn({ userId: (await request.formData()).get("user") as string })
  return new Response(null, { status: 204 })
})
export const PUT = web.requireSession(async (_request, { session }, next: { params: Promise<{ id: string }> }) => {
  await session.update({ theme: "light" })
  return Response.json({ id: (await next.params).id satisfies string, by: session.userId })
})

const at = "https://app.example/me"
const headers = { "sec-fetch-site": "same-origin" }
assert.equal((await GET(new Request(at))).status, 401)
const signedIn = await POST(new Request(at, { method: "POST", headers, body: new URLSearchParams({ user: "grace" }) }))
assert.equal(signedIn.status, 204)
const cookie = signedIn.headers.getSetCookie()[0]?.split(";")[0] ?? ""
assert.deepEqual(await (await GET(new Request(at, { headers: { cookie } }))).json(), { user: "grace", at: "/me" })
const put = await PUT(new Request(at, { method: "PUT", headers: { ...headers, cookie } }), { params: Promise.resolve({ id: "7" }) })
assert.deepEqual(await put.json(), { id: "7", by: "grace" })

const server = createServer((req, res) => void me(req, res)).listen(0, "127.0.0.1")
await once(server, "listening")
const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { headers: { cookie } })
assert.deepEqual(await answer.json(), { user: "grace", theme: "light" })
server.close()
console.log("ok 08d-node-web")
