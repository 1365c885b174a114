import type { IncomingMessage, ServerResponse } from "node:http"
import { RedisStore } from "connect-redis"
import session from "express-session"
import { createClient } from "redis"
import { answer, answerFailure, type Peer, readPath } from "./peer.js"

type WithSession = IncomingMessage & { session: session.Session & Record<string, unknown> }

/** An application on express-session with connect-redis and node-redis, set up as their pages show it. */
export async function openExpressSession(url: string): Promise<Peer> {
  const client = createClient({ url })
  client.on("error", () => undefined)
  await client.connect()
  const middleware = session({ store: new RedisStore({ client }), secret: "of a test", resave: false, saveUninitialized: false })
  const load = middleware as unknown as (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void
  return {
    name: "express-session with connect-redis",
    handle: (request, response) =>
      load(request, response, (error) => {
        if (error !== undefined && error !== null) answerFailure(response)
        else reply(request as WithSession, response)
      }),
    [Symbol.asyncDispose]: async () => client.destroy(),
  }
}

function reply(request: WithSession, response: ServerResponse): void {
  const { what, attribute, value, thinkMs } = readPath(request.url)
  const done = (error?: unknown): void => (error ? answerFailure(response) : answer(response, {}))
  const isSignedIn = request.session["user"] !== undefined
  switch (what) {
    case "sign-in":
      request.session.regenerate((error: unknown) => {
        if (error) {
          answerFailure(response)
          return
        }
        request.session["user"] = "ada"
        request.session.save(done)
      })
      break
    case "set":
      if (isSignedIn) {
        setTimeout(() => {
          request.session[attribute] = value
          request.session.save(done)
        }, thinkMs)
      } else answer(response, null)
      break
    case "session":
      answer(response, isSignedIn ? request.session : null)
      break
    case "sign-out":
      request.session.destroy(done)
  }
}
