import { Readable } from "node:stream"
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify"
import { fastifyDoor } from "../../../exports/fastify.js"
import { type Body, NO_AUTH, type Route, type Visit } from "../routes.js"
import type { StartServer } from "./server.js"

export const startFastify: StartServer = async (auth, routes) => {
  const door = fastifyDoor(auth)
  const app = Fastify({ forceCloseConnections: true })
  const errors: unknown[] = []
  app.setErrorHandler(async (error, request, reply) => {
    try {
      return await door.answerError(error, request, reply)
    } catch (unanswered) {
      errors.push(unanswered)
      throw unanswered
    }
  })
  for (const { method, path, access, rule, run } of routes) {
    const url = path
    if (access === "optional")
      app.route({ method, url, handler: door.optionalSession((request, reply) => answer(request, reply, run, request.auth, null), rule) })
    else if (access === "session")
      app.route({ method, url, handler: door.requireSession((request, reply) => answer(request, reply, run, request.auth, request.session), rule) })
    else
      app.route({
        method,
        url,
        preHandler: door.guard(rule),
        handler: (request, reply) => answer(request, reply, run, NO_AUTH, door.sessionOf(request)),
      })
  }
  const url = await app.listen({ host: "127.0.0.1", port: 0 })
  return { url, errors, close: () => app.close() }
}

async function answer(
  request: Pick<FastifyRequest, "body">,
  reply: FastifyReply,
  run: Route["run"],
  auth: Visit["auth"],
  session: Visit["session"],
): Promise<unknown> {
  const setHeader = (name: string, value: string): void => void reply.header(name, value)
  const { status, json, stream } = await run({ auth, session, body: (request.body ?? {}) as Body, setHeader })
  reply.code(status)
  if (stream !== undefined) return reply.send(Readable.from(stream))
  return json === undefined ? reply.send() : reply.type("application/json").send(JSON.stringify(json))
}
