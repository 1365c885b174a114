import { once } from "node:events"
import { connect } from "node:net"
import type { StoreServer } from "../servers/StoreServer.js"
import { waitUntil } from "../servers/wait-until.js"

const TELLS_WITHIN_MS = 20_000

/** What a server was asked by anybody, as it tells it itself. */
export interface CommandWatch extends Disposable {
  readonly lines: readonly string[]
}

/** Has a server tell every command that reaches it. */
export async function watchCommands({ port }: Pick<StoreServer, "port">): Promise<CommandWatch> {
  const socket = connect(port, "127.0.0.1")
  const lines: string[] = []
  let rest = ""
  socket.on("error", () => undefined)
  socket.setEncoding("latin1").on("data", (piece: string) => {
    const parts = (rest + piece).split("\r\n")
    rest = parts.pop() ?? ""
    lines.push(...parts)
  })
  await once(socket, "connect")
  socket.write("MONITOR\r\n")
  // A server that is stopped before it knows of this tells nothing of what it then finds waiting.
  await waitUntil("the server to tell what it is asked", TELLS_WITHIN_MS, async () => lines.includes("+OK"))
  return { lines, [Symbol.dispose]: () => void socket.destroy() }
}
