import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import fastifyCookie from "@fastify/cookie"
import fastifySession from "@fastify/session"
import express from "express"
import expressSession from "express-session"
import fastify from "fastify"
import Koa from "koa"
import koaSession from "koa-session"
import { CoatcheckStore as ExpressStore } from "../../drop-in/express-session.js"
import { CoatcheckStore as FastifyStore } from "../../drop-in/fastify-session.js"
import { CoatcheckStore as KoaStore } from "../../drop-in/koa-session.js"

export const LIBRARIES = ["express-session", "@fastify/session", "koa-session"] as const
export type Library = (typeof LIBRARIES)[number]

const SECRET = "a secret of an application, long enough for everybody"
const AGE_MS = 3_600_000

/** What a route does with the session, whatever the library calls it. */
interface Held {
  fields(): Readonly<Record<string, unknown>>
  write(field: string, value: unknown): void
  remove(field: string): void
  /** The same data under a new id. */
  renew(): Promise<void>
  save(): Promise<void>
  /** What is stored now, in place of what this request holds. */
  reload(): Promise<void>
  /** How long the session lasts from now on, in milliseconds, or as long as the browser is open. */
  last(ms: number | "session"): void
  end(): Promise<void>
}

/** Requests that wait in the midst of their work until a test lets them go on. */
export class Gate {
  #waiting: (() => void)[] = []

  get count(): number {
    return this.#waiting.length
  }

  pass(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve))
  }

  open(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

export interface Application extends AsyncDisposable {
  readonly url: string
  readonly gate: Gate
  /** What the library told the framework that failed. */
  readonly errors: unknown[]
}

type Act = (path: string, query: URLSearchParams, held: Held) => Promise<string>

function routes(gate: Gate): Act {
  return async (path, query, held) => {
    const field = query.get("field") ?? "field"
    switch (path) {
      case "/login":
        await held.renew()
        held.write("user", query.get("user"))
        return "in"
      case "/slow":
        await gate.pass()
        if (query.has("field")) held.write(field, query.get("value"))
        return "done"
      case "/write":
        held.write(field, query.get("value"))
        return "done"
      case "/write-twice":
        await gate.pass()
        held.write(field, "first")
        await held.save()
        await gate.pass()
        held.write(field, "second")
        return "done"
      case "/save":
        held.write(field, query.get("value"))
        await held.save()
        return "done"
      case "/last":
        held.last(query.has("ms") ? Number(query.get("ms")) : "session")
        held.write("lasts", query.get("ms"))
        return "done"
      case "/reload":
        await gate.pass()
        await held.reload()
        return "done"
      case "/remove":
        held.remove(field)
        return "done"
      case "/renew":
        await held.renew()
        return "done"
      case "/logout":
        await held.end()
        return "out"
      default:
        return JSON.stringify(held.fields())
    }
  }
}

const OWN = ["cookie", "coatcheck:seen"]

function fieldsOf(session: object): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(session).filter(([name]) => !OWN.includes(name))))) as Record<string, unknown>
}

const called = (work: (done: (error?: unknown) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => work((error) => (error === undefined || error === null ? resolve() : reject(error as Error))))

export type ExpressOptions = Omit<expressSession.SessionOptions, "secret" | "store">

/** An application of express-session over any store, also somebody else's. */
export function expressApplication(
  store: expressSession.Store,
  options: ExpressOptions = { resave: false, saveUninitialized: false },
  eachTime: (session: expressSession.Session) => void = () => undefined,
): Promise<Application> {
  const gate = new Gate()
  const act = routes(gate)
  const errors: unknown[] = []
  const app = express()
  app.use(expressSession({ store, secret: SECRET, cookie: { maxAge: AGE_MS }, ...options }))
  app.use((req, res, next) => {
    eachTime(req.session)
    const held: Held = {
      fields: () => fieldsOf(req.session),
      write: (field, value) => void Object.assign(req.session, { [field]: value }),
      remove: (field) => void Reflect.deleteProperty(req.session, field),
      renew: () => called((done) => void req.session.regenerate(done)),
      save: () => called((done) => void req.session.save(done)),
      reload: () => called((done) => void req.session.reload(done)),
      last: (ms) => void Object.assign(req.session.cookie, { maxAge: ms === "session" ? null : ms }),
      end: () => called((done) => void req.session.destroy(done)),
    }
    const url = new URL(req.url, "http://localhost")
    act(url.pathname, url.searchParams, held).then((text) => res.send(text), next)
  })
  app.use((error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    errors.push(error)
    if (!res.headersSent) res.status(500).send(String((error as { code?: unknown }).code))
  })
  return listening(app, gate, errors)
}

export async function fastifyApplication(store: FastifyStore): Promise<Application> {
  const gate = new Gate()
  const act = routes(gate)
  const errors: unknown[] = []
  const app = fastify()
  await app.register(fastifyCookie)
  await app.register(fastifySession, { store, secret: SECRET, cookie: { secure: false, maxAge: AGE_MS }, saveUninitialized: false })
  app.setErrorHandler(async (error, _request, reply) => {
    errors.push(error)
    return reply.status(500).send(String((error as { code?: unknown }).code))
  })
  app.get("/*", async (request) => {
    const url = new URL(request.url, "http://localhost")
    return act(url.pathname, url.searchParams, {
      fields: () => fieldsOf(request.session),
      write: (field, value) => void Object.assign(request.session, { [field]: value }),
      remove: (field) => void Reflect.deleteProperty(request.session, field),
      renew: () => request.session.regenerate(),
      save: () => request.session.save(),
      reload: () => request.session.reload(),
      last: (ms) => void Object.assign(request.session.cookie, { maxAge: ms }),
      end: () => request.session.destroy(),
    })
  })
  const url = await app.listen({ host: "127.0.0.1", port: 0 })
  return { url, gate, errors, [Symbol.asyncDispose]: () => app.close() }
}

export type KoaOptions = NonNullable<Parameters<typeof koaSession>[1]>

export function koaApplication(store: KoaStore, options: KoaOptions = {}): Promise<Application> {
  const gate = new Gate()
  const act = routes(gate)
  const errors: unknown[] = []
  const app = new Koa()
  app.keys = [SECRET]
  app.on("error", (error) => void errors.push(error))
  app.use(koaSession({ store, maxAge: AGE_MS, ...options }, app))
  app.use(async (ctx) => {
    const { session } = ctx as unknown as { session: Record<string, unknown> & { regenerate(): Promise<void>; save(): Promise<void>; toJSON(): object } }
    ctx.body = await act(ctx.path, new URLSearchParams(ctx.querystring), {
      fields: () => fieldsOf(session.toJSON()),
      write: (field, value) => void Object.assign(session, { [field]: value }),
      remove: (field) => void Reflect.deleteProperty(session, field),
      renew: () => session.regenerate(),
      save: () => session.save(),
      reload: () => Promise.reject(new Error("koa-session has no such thing.")),
      last: (ms) => void Object.assign(session, { maxAge: ms }),
      end: async () => void Object.assign(ctx, { session: null }),
    })
  })
  const answer = app.callback()
  return listening((req, res) => void answer(req, res), gate, errors)
}

async function listening(listener: RequestListener, gate: Gate, errors: unknown[]): Promise<Application> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, gate, errors, [Symbol.asyncDispose]: close }
}

type StoreOptions = ConstructorParameters<typeof KoaStore>[0]

/** An application of a library over a drop-in store, and the store, which ends with it. */
export async function applicationOf(library: Library, options: StoreOptions): Promise<Application & { readonly store: { close(): Promise<void> } }> {
  const [store, application] = await made(library, options)
  const dispose = async (): Promise<void> => {
    await application[Symbol.asyncDispose]()
    await store.close()
  }
  return { ...application, store, [Symbol.asyncDispose]: dispose }
}

async function made(library: Library, options: StoreOptions): Promise<readonly [{ close(): Promise<void> }, Application]> {
  switch (library) {
    case "express-session": {
      const store = new ExpressStore(options)
      return [store, await expressApplication(store)]
    }
    case "@fastify/session": {
      const store = new FastifyStore(options)
      return [store, await fastifyApplication(store)]
    }
    case "koa-session": {
      const store = new KoaStore(options)
      return [store, await koaApplication(store)]
    }
  }
}
