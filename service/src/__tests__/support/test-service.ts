import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createSessionService, type DoctorReport } from "coatcheck"
import { createRateLimitingService, type IRateLimitingService, type RateLimitRules } from "coatcheck/rate-limit"
import { pino } from "pino"
import { onTestFinished } from "vitest"
import { ApiKeys, SCOPES, type Scope } from "../../http/api-keys.js"
import { createApp } from "../../http/app.js"
import { Metrics } from "../../http/metrics.js"
import { refusalLog } from "../../http/request-log.js"
import { createHttpServer } from "../../http/server.js"
import { StoreHealth } from "../../http/store-health.js"
import type { RouteDependencies } from "../../routes/dependencies.js"

export const KEYS = {
  all: "A".repeat(40),
  read: "R".repeat(40),
  manage: "M".repeat(40),
  create: "C".repeat(40),
  limit: "L".repeat(40),
  metrics: "P".repeat(40),
} as const
const SCOPES_OF: Readonly<Record<keyof typeof KEYS, readonly Scope[]>> = {
  all: SCOPES,
  read: ["read"],
  manage: ["manage"],
  create: ["create"],
  limit: ["limit"],
  metrics: ["metrics"],
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly body: any
}

export interface CallOptions {
  readonly token?: string | undefined
  readonly json?: unknown
  /** A body as it is, instead of `json`. */
  readonly raw?: string | Uint8Array<ArrayBuffer>
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

export interface Parts {
  readonly sessions?: RouteDependencies["sessions"]
  readonly rules?: RateLimitRules
  readonly limits?: IRateLimitingService
  readonly bodyLimit?: number
  readonly doctor?: () => Promise<DoctorReport>
}

/** The service over sessions in memory, on a real port, ended with the test that asked for it. */
export async function testService(parts: Parts = {}) {
  const logged: string[] = []
  const logger = pino({ level: "debug", base: null }, { write: (line) => void logged.push(line) })
  const own = await createSessionService({ store: "memory:" })
  const { rules = {} } = parts
  const metrics = new Metrics(rules, { dropped: 0 })
  const limits = await createRateLimitingService({ store: "memory:", rules, onEvent: (event) => metrics.rateLimitEvent(event) })
  const keys = new ApiKeys(Object.entries(KEYS).map(([name, key]) => ({ name, key, scopes: SCOPES_OF[name as keyof typeof KEYS] })))
  const app = createApp({
    sessions: parts.sessions ?? own,
    limits: parts.limits ?? limits,
    metrics,
    health: new StoreHealth({ doctor: parts.doctor ?? (() => own.doctor()) }, logger),
    keys,
    logger,
    bodyLimit: parts.bodyLimit ?? 262_144,
    version: "0.0.0",
  })
  const server = createHttpServer(app.fetch, refusalLog(logger, metrics))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await own.close()
    await limits.close()
  })

  const call = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const headers = new Headers(options.headers)
    if (options.key !== null) headers.set("Authorization", `Bearer ${options.key ?? KEYS.all}`)
    if (options.token !== undefined) headers.set("X-Session-Token", options.token)
    if (options.json !== undefined) headers.set("Content-Type", "application/json")
    const sent = options.raw ?? (options.json === undefined ? null : JSON.stringify(options.json))
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: sent })
    const text = await response.text()
    const isText = response.headers.get("content-type")?.startsWith("text/plain") === true
    const body = isText ? text : text === "" ? undefined : JSON.parse(text)
    return { status: response.status, headers: response.headers, body }
  }
  const create = async (json: unknown = { userId: "ada" }): Promise<Answer["body"]> => (await call("POST", "/v1/sessions", { json })).body
  return { app, port, logged, sessions: own, limits, call, create }
}
