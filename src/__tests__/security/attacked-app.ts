import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import express, { type Request, type Response } from "express"
import { WebSocketServer } from "ws"
import type { SignOutScope } from "../../application/contract.js"
import { createSessionService } from "../../config/create-session-service.js"
import type { SessionServiceOptions } from "../../config/options.js"
import type { SessionEvent } from "../../domain/interfaces/ports.js"
import type { OwnedSessionService, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"
import { expressDoor } from "../../doors/express.js"
import { nodeRequestHead } from "../../doors/node-head.js"
import { webSocketDoor } from "../../doors/websocket.js"
import { createAuthenticator } from "../../web/authenticator.js"
import type { Authenticator, AuthenticatorOptions } from "../../web/contract.js"
import { NEAR_CACHE_MODE } from "../support/near-cache-mode.js"
import { sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"

type Attributes = SessionAttributes
type AppOptions = Partial<Omit<AuthenticatorOptions<Attributes, Attributes>, "sessions">> & { readonly service?: Partial<SessionServiceOptions> }

/** Where users are told that the application is. */
export const ORIGIN = "https://app.example"
/** A deadline that only a broken test reaches, however busy the machine is. */
const CALL_DEADLINE = "10s" as const
/** What the application asks of a user who has not proved who they are for some time. */
const RECENT = "5m"
/** How often the application asks whether the session of a stream is still open. */
const STREAM_CHECK_MS = 100

/** An application as people write them, with everything an attacker would like to reach, on a real server and a real store. */
export interface AttackedApp {
  readonly url: string
  readonly keyPrefix: string
  readonly sessions: OwnedSessionService<Attributes, Attributes>
  /** The same store through another process's service, of which this application hears nothing. */
  readonly elsewhere: OwnedSessionService<Attributes, Attributes>
  readonly events: readonly SessionEvent[]
  close(): Promise<void>
}

export async function startApp({ service = {}, ...options }: AppOptions = {}): Promise<AttackedApp> {
  const keyPrefix = randomPrefix()
  const events: SessionEvent[] = []
  let ended: (event: SessionEvent) => void = () => undefined
  const onEvent = (event: SessionEvent): void => {
    events.push(event)
    ended(event)
  }
  const common = { store: sharedServer("redis").url, keyPrefix, timeout: CALL_DEADLINE, ...NEAR_CACHE_MODE, ...service, schema: undefined }
  const [sessions, elsewhere] = await Promise.all([{ ...common, onEvent }, common].map((each) => createSessionService<Attributes>(each)))
  if (sessions === undefined || elsewhere === undefined) throw new Error("two services were expected")
  const authenticator = createAuthenticator<Attributes, Attributes>({ sessions, origin: ORIGIN, ...options })
  const server = createServer(routes(expressDoor(authenticator), authenticator))
  const sockets = new WebSocketServer({ noServer: true })
  const door = webSocketDoor(authenticator, { checkEvery: "100ms" })
  ended = door.onEvent
  server.on(
    "upgrade",
    door.requireSession(sockets, (socket, { session }) => void socket.on("message", () => socket.send(session.userId))),
  )
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const close = async (): Promise<void> => {
    for (const socket of sockets.clients) socket.terminate()
    await stopped(server)
    await Promise.all([sessions.close(), elsewhere.close()])
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keyPrefix, sessions, elsewhere, events, close }
}

async function stopped(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  if (server.listening) await once(server, "close")
}

/** Routes that need a session: each must refuse whoever has none. */
export const PROTECTED = [
  ["GET", "/private"],
  ["GET", "/devices"],
  ["POST", "/note"],
  ["POST", "/password"],
  ["DELETE", "/account"],
] as const
/** Routes that change something for whoever comes, signed in or not. */
export const OPEN_TO_ALL = [
  ["POST", "/sign-in?user=mallory"],
  ["POST", "/guest"],
  ["POST", "/pending?user=mallory"],
  ["POST", "/reauthenticate?user=ada"],
  ["POST", "/impersonate?user=ada"],
  ["POST", "/sign-out"],
  ["POST", "/sign-out?where=everywhere"],
] as const

/** A parameter of the query, as text. */
function asked(request: Pick<Request, "query">, name: string): string | undefined {
  const value = request.query[name]
  return typeof value === "string" ? value : undefined
}
const user = (request: Pick<Request, "query">): string => asked(request, "user") ?? ""

type Door = ReturnType<typeof expressDoor<Attributes, Attributes>>

function routes({ optionalSession, requireSession }: Door, authenticator: Authenticator<Attributes, Attributes>): express.Express {
  const app = express()
  app.use(express.json({ limit: "1mb" }))

  app.get("/static", (_request, response) => void response.set("Cache-Control", "public, max-age=3600").send("the same for everybody"))
  app.get(
    "/me",
    optionalSession(async ({ auth }, response: Response) => {
      response.set("Cache-Control", "public, max-age=3600").set("CDN-Cache-Control", "max-age=86400")
      response.json(await auth.session())
    }),
  )
  const signIn = optionalSession(async (request, response) => {
    // What a guest may take along is listed, and nothing else.
    const attributes = (guest: Readonly<Attributes> | null): Attributes => (guest?.cart === undefined ? {} : { cart: guest.cart })
    const ago = asked(request, "ago")
    const authenticatedAt = ago === undefined ? undefined : new Date(Date.now() - Number(ago))
    response.json(await request.auth.signIn({ userId: user(request), attributes, authenticatedAt, remember: asked(request, "remember") === "yes" }))
  })
  app.get("/sign-in", signIn).post("/sign-in", signIn)
  app.post(
    "/guest",
    optionalSession(async ({ auth, body }, response) => void response.json(await auth.startGuest(body ?? {}))),
  )
  app.post(
    "/pending",
    optionalSession(async (request, response) => void response.json(await request.auth.startPending({ userId: user(request) }))),
  )
  app.post(
    "/reauthenticate",
    optionalSession(async (request, response) => void response.json(await request.auth.reauthenticated(user(request)))),
  )
  app.post(
    "/impersonate",
    optionalSession(async (request, response) => void response.json(await request.auth.impersonate(user(request)))),
  )
  const signOut = optionalSession(async (request, response) => {
    const sessionId = asked(request, "sessionId")
    const where = sessionId === undefined ? ((asked(request, "where") ?? "here") as SignOutScope) : { sessionId }
    response.json({ ended: await request.auth.signOut(where) })
  })
  app.get("/sign-out", signOut).post("/sign-out", signOut)

  app.get(
    "/private",
    requireSession(({ session }, response) => void response.json({ userId: session.userId, impersonatorId: session.impersonatorId })),
  )
  app.get(
    "/devices",
    requireSession(async ({ auth }, response) => void response.json(await auth.devices())),
  )
  // The library closes no stream of events: the application asks whether the session of one is still open.
  app.get(
    "/events",
    requireSession((request, response) => {
      response.set("Content-Type", "text/event-stream").write(`data: ${request.session.userId}\n\n`)
      const head = nodeRequestHead(request)
      const look = setInterval(() => void authenticator.stillOpen(head).then((open) => open || response.end()), STREAM_CHECK_MS)
      response.once("close", () => clearInterval(look))
    }),
  )
  app.post(
    "/note",
    requireSession(async ({ session, body }, response) => {
      await session.update(body)
      response.json(session)
    }),
  )
  app.post(
    "/password",
    requireSession(({ session }, response) => void response.json({ changedFor: session.userId }), { maxAge: RECENT }),
  )
  app.delete(
    "/account",
    requireSession(({ session }, response) => void response.json({ deleted: session.userId }), { maxAge: RECENT }),
  )
  return app
}
