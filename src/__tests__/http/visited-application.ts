import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Agent, request } from "undici"
import { createAuthenticator } from "../../exports/auth.js"
import type { ISessionService } from "../../exports/index.js"
import { nodeDoor } from "../../exports/node.js"

const ORIGIN = "https://app.example"
const COOKIE = "__Host-Http-sid"

export type Attributes = { readonly visits?: number }

export interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  /** What `Set-Cookie` says of the session's cookie; `""` deletes it. */
  readonly cookie: string | undefined
  readonly body: string
}

/** An application on `node:http`, and a client that asks it whatever cookie it is given. */
export interface VisitedApplication extends AsyncDisposable {
  /** @param cookie of the session; `undefined`: none */
  ask(method: string, path: string, cookie?: string): Promise<Answer>
  /** @returns the cookie */
  signIn(user: string): Promise<string>
}

export async function visitedApplication(sessions: ISessionService<Attributes>): Promise<VisitedApplication> {
  const server = createServer(application(sessions))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const dispatcher = new Agent({ connections: 64, pipelining: 1 })
  const ask: VisitedApplication["ask"] = async (method, path, cookie) => {
    const headers = { origin: ORIGIN, ...(cookie !== undefined && { cookie: `${COOKIE}=${cookie}` }) }
    const { statusCode, headers: answered, body } = await request(address + path, { method, headers, dispatcher })
    const lines = [answered["set-cookie"] ?? []].flat()
    const set = lines.map((line) => new RegExp(`^${COOKIE}=([^;]*)`).exec(line)?.[1]).find((value) => value !== undefined)
    return { status: statusCode, retryAfter: answered["retry-after"]?.toString(), cookie: set, body: await body.text() }
  }
  return {
    ask,
    signIn: async (user) => {
      const { status, cookie } = await ask("POST", `/sign-in?user=${user}`)
      if (status !== 204 || cookie === undefined) throw new Error(`Expected to be signed in, got the status ${status}`)
      return cookie
    },
    [Symbol.asyncDispose]: async () => {
      await dispatcher.destroy()
      await end(server)
    },
  }
}

function application(sessions: ISessionService<Attributes>): RequestListener {
  const door = nodeDoor(createAuthenticator({ sessions, origin: ORIGIN }))
  const routes: Readonly<Record<string, (...request: Parameters<RequestListener>) => Promise<void>>> = {
    "POST /sign-in": door.optionalSession(async (req, res) => {
      await req.auth.signIn({ userId: parameter(req, "user") })
      res.writeHead(204).end()
    }),
    "GET /me": door.requireSession((req, res) => {
      res.end(req.session.userId)
    }),
    "POST /visit": door.requireSession(async (req, res) => {
      await req.session.update((own) => ({ ...own, visits: (own.visits ?? 0) + 1 }))
      res.end(String(req.session.attributes.visits))
    }),
    "POST /step-up": door.requireSession(async (req, res) => {
      await req.auth.reauthenticated(req.session.userId)
      res.writeHead(204).end()
    }),
    "POST /sign-out": door.optionalSession(async (req, res) => {
      res.end(String(await req.auth.signOut(parameter(req, "where") === "everywhere" ? "everywhere" : "here")))
    }),
  }
  return (req, res) => {
    const route = routes[`${req.method} ${new URL(req.url ?? "/", ORIGIN).pathname}`]
    if (route === undefined) res.writeHead(404).end()
    else void route(req, res)
  }
}

function parameter(req: IncomingMessage, name: string): string {
  return new URL(req.url ?? "/", ORIGIN).searchParams.get(name) ?? ""
}

function end(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
