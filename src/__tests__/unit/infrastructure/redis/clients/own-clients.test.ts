import { createClient } from "@redis/client"
import { expect, it } from "vitest"
import { nodeRedis } from "../../../../../infrastructure/redis/clients/own-clients.js"
import type { StoreAddress } from "../../../../../infrastructure/redis/clients/store-url.js"

// What a test wants of a client of node-redis that is never connected.
interface Made {
  readonly options: { readonly username?: string; readonly password?: string; readonly database?: number; readonly socket?: object }
  listenerCount(event: string): number
}

function made(address: Partial<StoreAddress>): Made {
  const all = { host: "127.0.0.1", port: 6379, tls: false, username: undefined, password: undefined, database: 0, ...address }
  return nodeRedis({ createClient })(all).client as unknown as Made
}

it("clients of different servers are of one class, which node-redis takes long to make", () => {
  const [first, second] = [made({ port: 7001 }), made({ port: 7002, database: 3, tls: true })]
  expect(first).not.toBe(second)
  expect(first.constructor).toBe(second.constructor)
  // Of its own accord it makes another for each port.
  expect(createClient({ socket: { port: 7001 } }).constructor).not.toBe(createClient({ socket: { port: 7002 } }).constructor)
})

it("no client has what another was made with, nor its listeners", () => {
  const first = made({ port: 7001, username: "ada", password: "secret", database: 3 })
  const second = made({ port: 7002 })
  expect(first.options).toMatchObject({ username: "ada", password: "secret", database: 3, socket: { host: "127.0.0.1", port: 7001 } })
  expect(second.options).toMatchObject({ database: 0, socket: { host: "127.0.0.1", port: 7002 } })
  for (const name of ["username", "password", "credentialsProvider"]) expect(second.options).not.toHaveProperty(name)
  expect(second.listenerCount("error")).toBe(first.listenerCount("error"))
})
