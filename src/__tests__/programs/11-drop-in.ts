// Three applications that keep their session library, and change its store in one line.
import assert from "node:assert/strict"
import fastifyCookie from "@fastify/cookie"
import fastifySession from "@fastify/session"
import { SessionError } from "coatcheck"
import { CoatcheckStore as ExpressStore } from "coatcheck/express-session"
import { CoatcheckStore as FastifyStore } from "coatcheck/fastify-session"
import { type CoatcheckStoreOptions, CoatcheckStore as KoaStore } from "coatcheck/koa-session"
import express from "express"
import session from "express-session"
import fastify from "fastify"
import koaSession from "koa-session"
import { createClient } from "redis"

declare module "express-session" {
  interface SessionData {
    user: string
  }
}
declare module "fastify" {
  interface Session {
    user: string
  }
}

const url = process.env.REDIS_URL
assert.ok(url !== undefined, "REDIS_URL is missing")
const secret = "a secret of an application, long enough for everybody"
const keyPrefix = `program:${process.pid}:`

const client = createClient({ url })
client.on("error", console.error)
await client.connect()
const store = new ExpressStore({ store: client, keyPrefix, takeOver: { prefix: "sess:" }, lastWins: ["lastSeen"], rememberEnded: "1h", idleTimeout: "30m" })
await store.ready()
const app = express()
app.use(session({ store, secret, resave: false, saveUninitialized: false }))
app.get("/", (req, res) => {
  req.session.user = "ada"
  req.session.save(() => res.send(req.session.user))
})
const server = app.listen(0, "127.0.0.1")
await new Promise((resolve) => server.once("listening", resolve))
const address = server.address()
assert.ok(typeof address === "object" && address !== null)
const answer = await fetch(`http://127.0.0.1:${address.port}/`)
assert.equal(await answer.text(), "ada")
assert.match(answer.headers.get("set-cookie") ?? "", /^connect\.sid=/)
server.closeAllConnections()
server.close()
await store.close()
await client.close()

const fastifyStore = new FastifyStore({ store: "memory:" })
const api = fastify()
await api.register(fastifyCookie)
await api.register(fastifySession, { store: fastifyStore, secret, cookie: { secure: false } })
api.get("/", async (request) => {
  request.session.user = "grace"
  return request.session.get("user")
})
assert.equal((await api.inject("/")).body, "grace")
await api.close()
await fastifyStore.close()

const options: CoatcheckStoreOptions = { store: "memory:", lastWins: true }
await using koaStore = new KoaStore(options)
// Its own application is anything that takes middleware.
const middleware = koaSession({ store: koaStore, maxAge: 60_000 }, { use: () => undefined, context: {} })
assert.equal(typeof middleware, "function")

const isRefused = (error: unknown): boolean => SessionError.is(error, "ERR_CONFIG_INVALID")
const own = { store: "memory:" }
// @ts-expect-error sessions of koa-session do not come from connect-redis
assert.throws(() => new KoaStore({ ...own, takeOver: {} }), isRefused)
// @ts-expect-error an option of connect-redis
assert.throws(() => new ExpressStore({ ...own, prefix: "" }), isRefused)

console.log("ok 11-drop-in")
