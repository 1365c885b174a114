import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Auth, Body, Route } from "../routes.js"

/** A server whose routes are behind one door. */
export interface DoorServer {
  readonly url: string
  /** What the framework's own handling of errors was given. */
  readonly errors: unknown[]
  close(): Promise<void>
}

export type StartServer = (auth: Auth, routes: readonly Route[]) => Promise<DoorServer>

/** Listens on a free loopback port. */
export async function listening(server: Server, errors: unknown[]): Promise<DoorServer> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${port}`, errors, close }
}

export async function jsonBody(request: AsyncIterable<unknown>): Promise<Body> {
  let text = ""
  for await (const chunk of request) text += String(chunk)
  return text === "" ? {} : JSON.parse(text)
}

/** The route of a request; those of GET answer HEAD too. */
export function routeOf(routes: readonly Route[], method: string | undefined, url: string | undefined): Route | undefined {
  const { pathname } = new URL(url ?? "/", "http://localhost")
  return routes.find((route) => route.path === pathname && route.method === (method === "HEAD" ? "GET" : method))
}
