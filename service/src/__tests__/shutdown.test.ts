import { once } from "node:events"
import { type AddressInfo, connect } from "node:net"
import { expect, it } from "vitest"
import { createHttpServer } from "../http/server.js"
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
  let text = ""
  socket.on("data", (bytes) => {
    text += bytes.toString()
  })
  const ended = once(socket, "close")
  const send = (): void => void socket.write("GET / HTTP/1.1\r\nHost: service\r\n\r\n")
  const arrived = once(server, "request")
  for (let i = 0; i < requests; i++) send()
  await arrived
  return { server, send, ended, answer: () => answer?.(), got: () => text }
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

it("what runs for longer than the grace is cut off", async () => {
  const { server, ended, got } = await begun(1)
  expect(await drain(server, 50)).toBe(false)
  await ended
  expect(got()).toBe("")
})
