import { createClient } from "redis"

export type PlainClient = ReturnType<typeof makeClient>

function makeClient(url: string) {
  return createClient({ url, socket: { reconnectStrategy: false } })
}

/** A node-redis client that is connected, and that does not try again when it cannot be. */
export async function connectPlain(url: string): Promise<PlainClient> {
  const client = makeClient(url)
  // Without a listener a lost connection would end the process; the call that meets it fails anyway.
  client.on("error", () => undefined)
  await client.connect()
  return client
}
