import { EventEmitter } from "node:events"
import { afterEach, beforeEach, expect, it, vi } from "vitest"
import { type TrackingClient, tracked } from "../../../../../infrastructure/redis/clients/tracked-connection.js"

/** A client whose server takes the connection, and greets when the test says so. */
class Greeted extends EventEmitter implements TrackingClient {
  isOpen = true
  greet: () => void = () => undefined
  readonly #greeting = new Promise<void>((resolve) => {
    this.greet = resolve
  })

  connect(): Promise<unknown> {
    return this.#greeting
  }

  destroy(): void {
    this.isOpen = false
  }

  sendCommand(): Promise<unknown> {
    return Promise.resolve("PONG")
  }
}

const LATE_MS = 4_000
let client: Greeted
const listener = { invalidated: vi.fn(), closed: vi.fn() }
const opening = (ask?: () => Promise<unknown>) =>
  tracked({ nodes: () => ["one"], nodeOf: () => "one", make: () => Promise.resolve(client), ask }).open("one", listener)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
  client = new Greeted()
  listener.closed.mockClear()
})
afterEach(() => vi.useRealTimers())

it("leaves a server that takes a connection and never greets", async () => {
  void opening()
  await vi.advanceTimersByTimeAsync(LATE_MS - 1)
  expect(listener.closed).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(listener.closed).toHaveBeenCalledWith(expect.objectContaining({ code: "ETIMEDOUT" }))
  await vi.waitFor(() => expect(client.isOpen).toBe(false))
})

it("keeps one that greets, for as long as it likes", async () => {
  const connection = opening()
  await vi.advanceTimersByTimeAsync(LATE_MS - 1)
  client.greet()
  const { send, close } = await connection
  await vi.advanceTimersByTimeAsync(10 * LATE_MS)
  expect(listener.closed).not.toHaveBeenCalled()
  expect(await send(["ping"])).toBe("PONG")
  close()
  expect(listener.closed).toHaveBeenCalledTimes(1)
})

it("leaves one behind which nobody can tell which database the application reads", async () => {
  const failed = expect(opening(() => Promise.reject(new Error("The client is closed")))).rejects.toThrow("closed")
  client.greet()
  await failed
  await vi.waitFor(() => expect(client.isOpen).toBe(false))
  const silent = opening(() => new Promise(() => {}))
  void silent
  await vi.advanceTimersByTimeAsync(LATE_MS)
  expect(listener.closed).toHaveBeenCalledTimes(2)
})
