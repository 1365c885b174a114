import { once } from "node:events"
import { createServer } from "node:net"

/** A port of the loopback that nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const listener = createServer()
  listener.listen(0, "127.0.0.1")
  await once(listener, "listening")
  const address = listener.address()
  listener.close()
  await once(listener, "close")
  if (address === null || typeof address === "string") throw new Error("Expected the listener to have a port")
  return address.port
}
