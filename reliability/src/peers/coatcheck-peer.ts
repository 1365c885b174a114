import type { IncomingMessage, ServerResponse } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { createSessionService, type OwnedSessionService } from "coatcheck"
import { answer, answerFailure, type Peer, readPath } from "./peer.js"

interface Attributes {
  readonly [name: string]: string
}

const COOKIE = /(?:^|; )token=([^;]+)/

/** An application on this library. */
export async function openCoatcheck(url: string): Promise<Peer> {
  const service = await createSessionService<Attributes>({ store: url })
  return {
    name: "coatcheck",
    handle: (request, response) => void reply(service, request, response).catch(() => answerFailure(response)),
    [Symbol.asyncDispose]: () => service.close(),
  }
}

async function reply(service: OwnedSessionService<Attributes, Attributes>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { what, attribute, value, thinkMs } = readPath(request.url)
  const token = COOKIE.exec(request.headers.cookie ?? "")?.[1] ?? ""
  switch (what) {
    case "sign-in": {
      const issued = await service.createSession({ userId: "ada", attributes: {} })
      response.setHeader("set-cookie", `token=${issued.token}; HttpOnly`)
      return answer(response, {})
    }
    case "set": {
      if ((await service.getSession(token)) === null) return answer(response, null)
      await pause(thinkMs)
      return answer(response, (await service.updateSession(token, { [attribute]: value }))?.attributes ?? null)
    }
    case "session":
      return answer(response, (await service.getSession(token))?.attributes ?? null)
    case "sign-out":
      await service.deleteSession(token)
      return answer(response, {})
  }
}
