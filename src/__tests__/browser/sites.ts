import { createServer as createPlainServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { type Browser, chromium } from "playwright-core"
import { makeCertificate } from "./certificate.js"

/** The application, a neighbour on a subdomain of it (the same site, another origin), and somebody else's site. */
export const HOSTS = { app: "app.test", neighbour: "neighbour.app.test", stranger: "stranger.test" } as const

export type SiteName = keyof typeof HOSTS

export interface Sites extends AsyncDisposable {
  readonly browser: Browser
  readonly server: Server
  /** `https://app.test:<port>` and so on. */
  readonly origins: Readonly<Record<SiteName, string>>
  /** What a site answers from now on. */
  serve(site: SiteName, listener: RequestListener): void
}

// Where Debian's package puts it; another Chromium can be named.
const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium"

// A browser that looks for updates or for hosts of its maker would wait for answers from outside.
const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-quic",
  "--disable-sync",
  "--no-first-run",
  "--disable-gpu",
  "--disable-dev-shm-usage",
]

/** Serves all sites over HTTPS from one loopback port, and starts a browser that finds them there. */
export async function openSites(): Promise<Sites> {
  const certificate = makeCertificate(Object.values(HOSTS))
  const listeners = new Map<string, RequestListener>()
  const server = createServer(certificate, (request, response) => {
    const host = request.headers.host?.replace(/:\d+$/, "") ?? ""
    const listener = listeners.get(host)
    if (listener === undefined) response.writeHead(404).end()
    else listener(request, response)
  })
  const port = await listen(server)
  const hosts = Object.values(HOSTS).map((host) => `MAP ${host} 127.0.0.1`)
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    chromiumSandbox: process.getuid?.() !== 0,
    args: [...QUIET, `--host-resolver-rules=${hosts.join(", ")}`, `--ignore-certificate-errors-spki-list=${certificate.fingerprint}`],
  })
  return {
    browser,
    server,
    origins: {
      app: `https://${HOSTS.app}:${port}`,
      neighbour: `https://${HOSTS.neighbour}:${port}`,
      stranger: `https://${HOSTS.stranger}:${port}`,
    },
    serve: (site, listener) => void listeners.set(HOSTS[site], listener),
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      await close(server)
    },
  }
}

/** A server without HTTPS, as on a developer's machine. */
export async function openPlainSite(listener: RequestListener): Promise<{ readonly origin: string } & AsyncDisposable> {
  const server = createPlainServer(listener)
  const port = await listen(server)
  return { origin: `http://localhost:${port}`, [Symbol.asyncDispose]: () => close(server) }
}

/** Answers with a page. */
export function page(response: ServerResponse, html: string): void {
  response.setHeader("content-type", "text/html; charset=utf-8")
  response.end(`<!doctype html><title>page</title>${html}`)
}

/** What a form sent. */
export async function form(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return new URLSearchParams(Buffer.concat(chunks).toString())
}

function listen(server: Server | ReturnType<typeof createPlainServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port))
  })
}

function close(server: Server | ReturnType<typeof createPlainServer>): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
