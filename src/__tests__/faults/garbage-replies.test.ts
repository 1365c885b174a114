import { connect, createServer, type Server, type Socket } from "node:net"
import { setTimeout as pause } from "node:timers/promises"
import { describe, expect, it, onTestFinished } from "vitest"
import { SessionError } from "../../domain/errors.js"
import { createSessionService } from "../../exports/index.js"
import { SERVER_KINDS, sharedServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"

interface GarblingProxy {
  readonly url: string
  /** Connections taken so far. */
  readonly opened: number
  /** Puts this in the place of the next reply. */
  garble(bytes: string): void
}

/** Stands before a server, until the test is over. */
async function startGarblingProxy(target: number): Promise<GarblingProxy> {
  let opened = 0
  let garbage: string | undefined
  const sockets = new Set<Socket>()
  const proxy: Server = createServer((client) => {
    opened += 1
    const server = connect({ host: "127.0.0.1", port: target })
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        client.destroy()
        server.destroy()
      })
    }
    client.pipe(server)
    server.on("data", (reply) => {
      client.write(garbage ?? reply)
      garbage = undefined
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  const { port } = proxy.address() as { readonly port: number }
  return {
    url: `redis://127.0.0.1:${port}`,
    get opened() {
      return opened
    },
    garble: (bytes) => {
      garbage = bytes
    },
  }
}

describe.each(SERVER_KINDS)("%s", (kind) => {
  it.each(["@what\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\u0000\u0001\u0002"])(
    "after %j in the place of a reply no call is given the reply of another one, and calls go on",
    async (bytes) => {
      const proxy = await startGarblingProxy(sharedServer(kind).port)
      const service = await createSessionService({ store: proxy.url, keyPrefix: randomPrefix(), timeout: "5s" })
      onTestFinished(() => service.close())
      const { token } = await service.createSession({ userId: "ada" })
      proxy.garble(bytes)
      const error: unknown = await service.getSession(token).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(SessionError)
      expect(error).toMatchObject({ code: "ERR_STORE_UNAVAILABLE", outcome: "not-applied" })
      for (let i = 0; i < 2_000 && proxy.opened === 1; i++) await pause(10)
      expect(proxy.opened).toBe(2)
      for (let i = 0; i < 2_000 && (await service.getSession(token).catch(() => undefined)) === undefined; i++) await pause(10)
      expect(await service.getSession(token)).toMatchObject({ userId: "ada" })
    },
  )
})
