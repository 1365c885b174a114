import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import express from "express"
import Fastify from "fastify"
import { Hono } from "hono"
import Koa from "koa"
import { describe, expect, it, onTestFinished } from "vitest"
import { createAuthenticator } from "../../exports/auth.js"
import { expressDoor } from "../../exports/express.js"
import { fastifyDoor } from "../../exports/fastify.js"
import { honoDoor } from "../../exports/hono.js"
import { createSessionService } from "../../exports/index.js"
import { koaDoor } from "../../exports/koa.js"
import { nodeDoor } from "../../exports/node.js"
import { createRateLimitingService, type OwnedRateLimitingService, type RateLimitRules } from "../../exports/rate-limit.js"
import { signInAs } from "../../exports/testing.js"
import { webDoor } from "../../exports/web.js"
import { webSocketDoor } from "../../exports/websocket.js"
import type { Authenticator } from "../../web/contract.js"
import { ORIGIN } from "./Browser.js"
import { type DoorServer, listening } from "./servers/server.js"

const rules = {
  api: { limit: 2, window: "1h" },
  mine: { limit: 1, window: "1m" },
  jobs: { algorithm: "concurrency", limit: 1, lease: "1m" },
} as const
type Limits = OwnedRateLimitingService<typeof rules>
type Auth = Authenticator<Record<string, unknown>>
/** `/address` is limited by address, `/user` by the signed-in user, `/key` by a header, `/both` by address and then by the user, and `/nobody` by a function that says none. */
type Start = (auth: Auth, limits: Limits) => Promise<Pick<DoorServer, "url" | "close">>

/** By its shape: its typings need those of a browser. */
const { createAdaptorServer }: { createAdaptorServer(options: { readonly fetch: unknown }): Server } = await import("@hono/node-server" as string)
const listen = (server: Server): Promise<DoorServer> => listening(server, [])

const nobody = (): { readonly key: string } => ({ key: undefined as never })

const DOORS: Readonly<Record<string, Start>> = {
  Express: async (auth, limits) => {
    const door = expressDoor(auth)
    const app = express()
    app.get("/address", door.rateLimit(limits, "api"), (_request, response) => void response.send("done"))
    app.get("/user", door.guard(), door.rateLimit(limits, "api", "user", { legacyHeaders: true }), (_request, response) => void response.send("done"))
    app.get(
      "/key",
      door.rateLimit(limits, "api", (request) => ({ key: request.get("x-key") ?? "none" }), { cost: 2 }),
      (_request, response) => void response.send("done"),
    )
    app.get("/both", door.rateLimit(limits, "api"), door.guard(), door.rateLimit(limits, "mine", "user"), (_request, response) => void response.send("done"))
    app.get("/nobody", door.rateLimit(limits, "api", nobody), (_request, response) => void response.send("done"))
    return listen(createServer(app))
  },
  Fastify: async (auth, limits) => {
    const door = fastifyDoor(auth)
    const app = Fastify()
    app.get("/address", { preHandler: door.rateLimit(limits, "api") }, async () => "done")
    app.get("/user", { preHandler: [door.guard(), door.rateLimit(limits, "api", "user", { legacyHeaders: true })] }, async () => "done")
    app.get("/key", { preHandler: door.rateLimit(limits, "api", (request) => ({ key: String(request.headers["x-key"]) }), { cost: 2 }) }, async () => "done")
    app.get("/both", { preHandler: [door.rateLimit(limits, "api"), door.guard(), door.rateLimit(limits, "mine", "user")] }, async () => "done")
    app.get("/nobody", { preHandler: door.rateLimit(limits, "api", nobody) }, async () => "done")
    return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() }
  },
  Koa: async (auth, limits) => {
    const door = koaDoor(auth)
    const [byAddress, session, byUser] = [door.rateLimit(limits, "api"), door.requireSession(), door.rateLimit(limits, "api", "user", { legacyHeaders: true })]
    const byKey = door.rateLimit(limits, "api", (context) => ({ key: context.get("x-key") }), { cost: 2 })
    const [byMine, byNobody] = [door.rateLimit(limits, "mine", "user"), door.rateLimit(limits, "api", nobody)]
    const app = new Koa()
    app.use(async (context, next) => {
      const done = async (): Promise<void> => {
        context.body = "done"
        await next()
      }
      if (context.path === "/address") return byAddress(context as never, done)
      if (context.path === "/key") return byKey(context as never, done)
      if (context.path === "/nobody") return byNobody(context as never, done)
      if (context.path === "/both") return byAddress(context as never, () => session(context as never, () => byMine(context as never, done)))
      return session(context as never, () => byUser(context as never, done))
    })
    const answer = app.callback()
    return listen(createServer((request, response) => void answer(request, response)))
  },
  Hono: async (auth, limits) => {
    const door = honoDoor(auth, { remoteAddress: () => "192.0.2.1" })
    const app = new Hono()
    app.get("/address", door.rateLimit(limits, "api"), (c) => c.text("done"))
    app.get("/user", door.requireSession(), door.rateLimit(limits, "api", "user", { legacyHeaders: true }), (c) => c.text("done"))
    app.get(
      "/key",
      door.rateLimit(limits, "api", (c) => ({ key: c.req.header("x-key") ?? "none" }), { cost: 2 }),
      (c) => c.text("done"),
    )
    app.get("/both", door.rateLimit(limits, "api"), door.requireSession(), door.rateLimit(limits, "mine", "user"), (c) => c.text("done"))
    app.get("/nobody", door.rateLimit(limits, "api", nobody), (c) => c.text("done"))
    return listen(createAdaptorServer({ fetch: app.fetch }))
  },
  "node:http": async (auth, limits) => {
    const door = nodeDoor(auth)
    const [byAddress, byUser] = [door.rateLimit(limits, "api"), door.rateLimit(limits, "api", "user", { legacyHeaders: true })]
    const byKey = door.rateLimit(limits, "api", (request) => ({ key: String(request.headers["x-key"]) }), { cost: 2 })
    const [byMine, byNobody] = [door.rateLimit(limits, "mine", "user"), door.rateLimit(limits, "api", nobody)]
    const me = door.requireSession((request, response) => byUser(request, response, () => response.end(request.session.userId)))
    const mine = door.requireSession((request, response) => byMine(request, response, () => response.end("done")))
    const routes = new Map<string | undefined, (request: IncomingMessage, response: ServerResponse) => Promise<void>>([
      ["/address", (request, response) => byAddress(request, response, () => response.end("done"))],
      ["/key", (request, response) => byKey(request, response, () => response.end("done"))],
      ["/user", me],
      ["/anybody", (request, response) => byUser(request, response, () => response.end("done"))],
      ["/both", (request, response) => byAddress(request, response, () => mine(request, response))],
      ["/nobody", (request, response) => byNobody(request, response, () => response.end("done"))],
    ])
    return listen(
      createServer(
        (request, response) =>
          void routes
            .get(request.url)?.(request, response)
            .catch(() => response.writeHead(500).end()),
      ),
    )
  },
  Web: async (auth, limits) => {
    const door = webDoor(auth, { remoteAddress: () => "192.0.2.1" })
    const [byAddress, byUser] = [door.rateLimit(limits, "api"), door.rateLimit(limits, "api", "user", { legacyHeaders: true })]
    const byKey = door.rateLimit(limits, "api", (request) => ({ key: request.headers.get("x-key") ?? "none" }), { cost: 2 })
    const [byMine, byNobody] = [door.rateLimit(limits, "mine", "user"), door.rateLimit(limits, "api", nobody)]
    const me = door.requireSession((request, { session }) => byUser(request, () => new Response(session.userId)))
    const mine = door.requireSession((request) => byMine(request, () => new Response("done")))
    const routes = new Map<string, (request: Request) => Promise<Response>>([
      ["/address", (request) => byAddress(request, () => new Response("done"))],
      ["/key", (request) => byKey(request, async () => new Response("done"))],
      ["/user", me],
      ["/anybody", (request) => byUser(request, () => new Response("done"))],
      ["/both", (request) => byAddress(request, () => mine(request))],
      ["/nobody", (request) => byNobody(request, () => new Response("done"))],
    ])
    const fetch = (request: Request) =>
      routes
        .get(new URL(request.url).pathname)?.(request)
        .catch(() => new Response(null, { status: 500 }))
    return listen(createAdaptorServer({ fetch }))
  },
}

describe.each(Object.entries(DOORS))("%s", (_name, start) => {
  async function open() {
    const sessions = await createSessionService({ store: "memory:" })
    const auth = createAuthenticator({ sessions, origin: ORIGIN })
    const limits = await createRateLimitingService({ store: "memory:", rules })
    const { url, close } = await start(auth, limits)
    onTestFinished(async () => {
      await close()
      await limits.close()
      await sessions.close()
    })
    const get = (path: string, headers: Readonly<Record<string, string>> = {}) => fetch(url + path, { headers })
    return { auth, limits, get }
  }

  it("lets requests through with the headers of the limit, and answers 429 with a problem beyond it", async () => {
    const { get } = await open()
    for (const remaining of [1, 0]) {
      const answer = await get("/address")
      expect([answer.status, await answer.text(), answer.headers.get("ratelimit-policy")]).toEqual([200, "done", '"api";q=2;w=3600'])
      expect(answer.headers.get("ratelimit")).toMatch(new RegExp(`^"api";r=${remaining};t=\\d+$`))
      expect(answer.headers.get("x-ratelimit-limit")).toBeNull()
    }
    const denied = await get("/address")
    expect([denied.status, denied.headers.get("cache-control")]).toEqual([429, "no-store"])
    expect(denied.headers.get("content-type")).toMatch(/^application\/problem\+json/)
    expect(Number(denied.headers.get("retry-after"))).toBeGreaterThan(0)
    expect(denied.headers.get("ratelimit")).toMatch(/^"api";r=0;t=\d+$/)
    expect(await denied.json()).toMatchObject({ type: expect.stringContaining("quota-exceeded"), status: 429, "violated-policies": ["api"], retryable: true })
  })

  it("counts users by their sessions, and only after they were let in", async () => {
    const { auth, get } = await open()
    expect((await get("/user")).status).toBe(401)
    const [ada, bob] = [(await signInAs(auth, "ada")).headers, (await signInAs(auth, "bob")).headers]
    const statuses = []
    for (let calls = 0; calls < 3; calls += 1) statuses.push((await get("/user", ada)).status)
    expect(statuses).toEqual([200, 200, 429])
    const answer = await get("/user", bob)
    expect([answer.status, answer.headers.get("x-ratelimit-limit"), answer.headers.get("x-ratelimit-remaining")]).toEqual([200, "2", "1"])
  })

  it("counts whom a function says, at the cost of the route", async () => {
    const { get } = await open()
    expect([(await get("/key", { "x-key": "a" })).status, (await get("/key", { "x-key": "a" })).status, (await get("/key", { "x-key": "b" })).status]).toEqual([
      200, 429, 200,
    ])
  })

  it("says of each of two limits on one route what is left, whether the inner one lets the request through or not", async () => {
    const { auth, get } = await open()
    const { headers } = await signInAs(auth, "ada")
    const items = (answer: Response, name: string) => (answer.headers.get(name) ?? "").split(", ").sort()
    const policies = ['"api";q=2;w=3600', '"mine";q=1;w=60']
    const allowed = await get("/both", headers)
    expect([allowed.status, items(allowed, "ratelimit-policy")]).toEqual([200, policies])
    expect(items(allowed, "ratelimit")).toEqual([expect.stringMatching(/^"api";r=1;t=\d+$/), expect.stringMatching(/^"mine";r=0;t=\d+$/)])
    const denied = await get("/both", headers)
    const { retryAfter, ...problem } = (await denied.json()) as { readonly retryAfter: number }
    expect([denied.status, problem]).toEqual([429, expect.objectContaining({ "violated-policies": ["mine"] })])
    expect(items(denied, "ratelimit-policy")).toEqual(policies)
    expect(items(denied, "ratelimit")).toEqual([expect.stringMatching(/^"api";r=0;t=\d+$/), `"mine";r=0;t=${retryAfter}`])
    expect(denied.headers.get("retry-after")).toBe(String(retryAfter))
    expect(retryAfter).toBeLessThanOrEqual(60)
  })

  it("answers 400 with a problem where a function says a subject that is none", async () => {
    const { get } = await open()
    const answer = await get("/nobody")
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([400, "no-store"])
    expect(answer.headers.get("content-type")).toMatch(/^application\/problem\+json/)
    expect(await answer.json()).toMatchObject({ status: 400, code: "ERR_INVALID_ARGUMENT" })
  })

  it("refuses a rule that does not exist, or hands out leases, at the start", async () => {
    const { auth, limits } = await open()
    for (const name of ["apy", "jobs", "constructor"]) {
      const wrong = { rules: limits.rules as RateLimitRules, checkRateLimit: limits.checkRateLimit.bind(limits) as never }
      expect(() => expressDoor(auth).rateLimit(wrong, name)).toThrow(expect.objectContaining({ code: "ERR_CONFIG_INVALID" }))
    }
  })
})

it.each(["node:http", "Web"])("%s calls the handler with its session, and rejects a limit by user where nobody was let in", async (name) => {
  const sessions = await createSessionService({ store: "memory:" })
  const auth = createAuthenticator({ sessions, origin: ORIGIN })
  const limits = await createRateLimitingService({ store: "memory:", rules })
  const server = await DOORS[name]?.(auth, limits)
  onTestFinished(async () => {
    await server?.close()
    await limits.close()
    await sessions.close()
  })
  const answer = await fetch(`${server?.url}/user`, { headers: (await signInAs(auth, "ada")).headers })
  expect([await answer.text(), answer.headers.get("x-ratelimit-remaining")]).toEqual(["ada", "1"])
  expect((await fetch(`${server?.url}/anybody`)).status).toBe(500)
})

it("counts each session of a user for itself, and only after it was let in", async () => {
  const sessions = await createSessionService({ store: "memory:" })
  const limits = await createRateLimitingService({ store: "memory:", rules })
  const auth = createAuthenticator({ sessions, origin: ORIGIN })
  const door = expressDoor(auth)
  const app = express().set("env", "test")
  app.get("/", door.guard(), door.rateLimit(limits, "api", "session"), (_request, response) => void response.send("done"))
  app.get("/anybody", door.rateLimit(limits, "api", "session"), (_request, response) => void response.send("done"))
  const { url, close } = await listen(createServer(app))
  onTestFinished(async () => {
    await close()
    await limits.close()
    await sessions.close()
  })
  const [laptop, phone] = [(await signInAs(auth, "ada")).headers, (await signInAs(auth, "ada")).headers]
  const statuses = []
  for (const headers of [laptop, laptop, laptop, phone]) statuses.push((await fetch(url, { headers })).status)
  expect(statuses).toEqual([200, 200, 429, 200])
  expect((await fetch(`${url}/anybody`, { headers: laptop })).status).toBe(500)
})

it("refuses options that it does not know, or cannot take, when the route is made", async () => {
  const limits = await createRateLimitingService({ store: "memory:", rules: { ...rules, bursty: { limit: 10, window: "1m", burst: 3 } } })
  onTestFinished(() => limits.close())
  const sessions = await createSessionService({ store: "memory:" })
  onTestFinished(() => sessions.close())
  const auth = createAuthenticator({ sessions, origin: ORIGIN })
  const door = expressDoor(auth)
  const given: readonly [by: unknown, options: unknown][] = [
    ["users", {}],
    [null, {}],
    ["address", { cots: 2 }],
    ["address", { cost: 0 }],
    ["address", { cost: 1.5 }],
    ["address", { cost: 4 }],
    ["address", { legacyHeaders: "yes" }],
    ["address", null],
  ]
  for (const [by, options] of given)
    expect(() => door.rateLimit(limits, "bursty", by as "address", options as object), JSON.stringify([by, options])).toThrow(
      expect.objectContaining({ code: "ERR_CONFIG_INVALID" }),
    )
  expect(door.rateLimit(limits, "bursty", "address", { cost: 3, legacyHeaders: true })).toBeTypeOf("function")
  const makers = [honoDoor, webDoor] as readonly ((auth: unknown, options: unknown) => unknown)[]
  for (const make of makers)
    for (const options of [{ remoteAdress: () => "" }, { remoteAddress: "10.0.0.1" }, null])
      expect(() => make(auth, options)).toThrow(expect.objectContaining({ code: "ERR_CONFIG_INVALID" }))
  for (const options of [{ checkevery: "1s" }, { checkEvery: "1ms" }])
    expect(() => webSocketDoor(auth, options as object)).toThrow(expect.objectContaining({ code: "ERR_CONFIG_INVALID" }))
})

describe.each([
  ["honoDoor", honoDoor],
  ["webDoor", webDoor],
] as const)("%s", (name, make) => {
  async function open(trustProxy?: number | readonly string[]) {
    const sessions = await createSessionService({ store: "memory:" })
    const limits = await createRateLimitingService({ store: "memory:", rules })
    onTestFinished(async () => {
      await limits.close()
      await sessions.close()
    })
    return { auth: createAuthenticator({ sessions, origin: ORIGIN, trustProxy }), limits }
  }

  it.each([{}, { trustProxy: 0 }, { trustProxy: ["10.0.0.0/8"] }])(
    "refuses a limit by address at once where it can find none, with %j",
    async ({ trustProxy }) => {
      const { auth, limits } = await open(trustProxy)
      for (const by of [undefined, "address"] as const) {
        expect(() => make(auth).rateLimit(limits, "api", by)).toThrow(
          expect.objectContaining({
            code: "ERR_CONFIG_INVALID",
            option: "remoteAddress",
            message: expect.stringMatching(`remoteAddress.*${name}.*trustProxy.*subject`),
          }),
        )
      }
    },
  )

  it("takes one where it is given the address, or counts proxies, or counts somebody else", async () => {
    const { auth, limits } = await open()
    expect(make(auth, { remoteAddress: () => "192.0.2.1" }).rateLimit(limits, "api")).toBeTypeOf("function")
    for (const by of ["user", "session", () => ({ key: "all" })] as const) expect(make(auth).rateLimit(limits, "api", by)).toBeTypeOf("function")
    for (const proxies of [1, 2, 32]) expect(make((await open(proxies)).auth).rateLimit(limits, "api")).toBeTypeOf("function")
  })
})

it("a store that is away is 503, where the rule denies then", async () => {
  const sessions = await createSessionService({ store: "memory:" })
  const limits = await createRateLimitingService({ store: "memory:", rules })
  const away: Pick<Limits, "rules" | "checkRateLimit"> = {
    rules,
    checkRateLimit: async (_subject, rule) => ({
      rule,
      limit: 2,
      remaining: 0,
      totalRequests: 0,
      resetAt: new Date(),
      resetAfter: 0,
      judgedBy: "policy",
      allowed: false,
      reason: "unavailable",
      retryAfter: 1,
    }),
  }
  const door = expressDoor(createAuthenticator({ sessions, origin: ORIGIN }))
  const app = express().get("/", door.rateLimit(away, "api"), (_request, response) => void response.send("done"))
  const { url, close } = await listen(createServer(app))
  onTestFinished(async () => {
    await close()
    await limits.close()
    await sessions.close()
  })
  const answer = await fetch(url)
  expect([answer.status, answer.headers.get("retry-after"), await answer.json()]).toEqual([
    503,
    "1",
    expect.objectContaining({ status: 503, "violated-policies": ["api"] }),
  ])
})

it.each([-3_600_000, 3_600_000])("says after how many seconds units are there again, also where the store's clock is off by %i ms", async (off) => {
  const sessions = await createSessionService({ store: "memory:" })
  const limits = await createRateLimitingService({ store: "memory:", rules, clock: { now: () => Date.now() + off } })
  const door = expressDoor(createAuthenticator({ sessions, origin: ORIGIN }))
  const app = express().get("/", door.rateLimit(limits, "api"), (_request, response) => void response.send("done"))
  const { url, close } = await listen(createServer(app))
  onTestFinished(async () => {
    await close()
    await limits.close()
    await sessions.close()
  })
  expect((await fetch(url)).headers.get("ratelimit")).toBe('"api";r=1;t=1800')
})
