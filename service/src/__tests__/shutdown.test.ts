import { once } from "node:events"
import { type AddressInfo, connect, type Socket } from "node:net"
import { text } from "node:stream/consumers"
import { expect, it } from "vitest"
import { closeUnused, createHttpServer } from "../http/server.js"
import { drain } from "../start/shutdown.js"

const LONGER_THAN_ANY_TEST_MS = 600_000

async function begun(requests: number) {
  let answer: (() => void) | undefined
  const mayAnswer = new Promise<void>((resolve) => {
    answer = resolve
  })
  const server = createHttpServer(async () => {
    await mayAnswer
    return new Response("done")
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1")
  let received = ""
  socket.on("data", (bytes) => {
    received += bytes.toString()
  })
  const ended = once(socket, "close")
  const send = (): void => void socket.write("GET / HTTP/1.1\r\nHost: service\r\n\r\n")
  const arrived = once(server, "request")
  for (let i = 0; i < requests; i++) send()
  await arrived
  return { server, send, ended, answer: () => answer?.(), got: () => received }
}

it("a connection that is kept alive is closed after the answer that was under way, long before it would be cut off", async () => {
  const { server, ended, answer, got } = await begun(1)
  const drained = drain(server, LONGER_THAN_ANY_TEST_MS)
  answer()
  expect(await drained).toBe(true)
  await ended
  expect(got()).toMatch(/^HTTP\/1\.1 200 OK/)
})

it("a request over a connection from before is answered, and told to be the last", async () => {
  const { server, send, ended, answer, got } = await begun(1)
  const drained = drain(server, LONGER_THAN_ANY_TEST_MS)
  await expect.poll(() => server.listening).toBe(false)
  const arrived = once(server, "request")
  send()
  await arrived
  answer()
  expect(await drained).toBe(true)
  await ended
  expect(got().match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2)
  expect(got().match(/^connection: close/gim)).toHaveLength(1)
})

it("a connection over which nothing came is closed at once, and one that has begun a request is waited for", async () => {
  const { server, ended, answer, got } = await begun(1)
  const silent = connect((server.address() as AddressInfo).port, "127.0.0.1")
  await once(server, "connection")
  const closed = once(silent, "close")
  const drained = drain(server, LONGER_THAN_ANY_TEST_MS)
  await closed
  answer()
  expect(await drained).toBe(true)
  await ended
  expect(got()).toMatch(/^HTTP\/1\.1 200 OK/)
})

/** What sends a request and reads to the end; "" when it was cut off. */
function sends(socket: Socket): Promise<string> {
  socket.write("GET / HTTP/1.1\r\nHost: service\r\n\r\n")
  return text(socket).catch(() => "")
}

/** Lets the kernel take what was sent, while this process, and with it the server, reads nothing. */
function standStill(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)
}

it("requests that came over idle connections, and were not read yet, are answered", async () => {
  const { server, ended, answer } = await begun(1)
  answer()
  const { port } = server.address() as AddressInfo
  const sockets = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const socket = connect(port, "127.0.0.1")
      socket.write("GET / HTTP/1.1\r\nHost: service\r\n\r\n")
      await once(socket, "data")
      return socket
    }),
  )
  const answers = await new Promise<Promise<string>[]>((resolve) => {
    setTimeout(() => {
      resolve(sockets.map(sends))
      standStill()
      closeUnused(server)
    })
  })
  expect(await drain(server, LONGER_THAN_ANY_TEST_MS)).toBe(true)
  for (const got of await Promise.all(answers)) expect(got).toMatch(/^HTTP\/1\.1 200 OK/)
  await ended
})

it("connections that the kernel took, and the server did not yet, are served", async () => {
  const { server, ended, answer } = await begun(1)
  answer()
  const { port } = server.address() as AddressInfo
  const answers = Array.from({ length: 20 }, () => sends(connect(port, "127.0.0.1")))
  standStill()
  expect(await drain(server, LONGER_THAN_ANY_TEST_MS)).toBe(true)
  for (const got of await Promise.all(answers)) expect(got).toMatch(/^HTTP\/1\.1 200 OK/)
  await ended
})

it("what runs for longer than the grace is cut off", async () => {
  const { server, ended, got } = await begun(1)
  expect(await drain(server, 50)).toBe(false)
  await ended
  expect(got()).toBe("")
})
