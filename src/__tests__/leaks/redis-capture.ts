import { once } from "node:events"
import { connect } from "node:net"
import { createClient } from "@redis/client"
import { vi } from "vitest"

/** Writes down every command that a server executes, those of scripts included. */
export async function captureCommands(port: number, password: string): Promise<{ readonly text: () => Promise<string>; readonly stop: () => void }> {
  const socket = connect({ host: "127.0.0.1", port })
  await once(socket, "connect")
  let captured = ""
  socket.setEncoding("latin1").on("data", (more: string) => {
    captured += more
  })
  socket.write(`AUTH ${password}\r\nMONITOR\r\n`)
  await vi.waitFor(() => {
    if (!captured.startsWith("+OK\r\n+OK\r\n")) throw new Error("MONITOR was not accepted yet")
  }, 5_000)
  const text = async (): Promise<string> => {
    // Commands arrive in the order in which they ran: when this one is there, so are all before it.
    const mark = `mark-${crypto.randomUUID()}`
    await withClient(port, password, (client) => client.sendCommand(["ECHO", mark]))
    await vi.waitFor(() => {
      if (!captured.includes(mark)) throw new Error("The mark has not arrived yet")
    }, 5_000)
    return captured
  }
  return { text, stop: () => socket.destroy() }
}

/** Every key with its value, as one text. */
export async function dumpOfAll(port: number, password: string): Promise<string> {
  return withClient(port, password, async (client) => {
    const lines: string[] = []
    for await (const keys of client.scanIterator({ COUNT: 1_000 })) {
      for (const key of keys) {
        const type = await client.type(key)
        const value = type === "zset" ? JSON.stringify(await client.zRangeWithScores(key, 0, -1)) : await client.get(key)
        lines.push(`${key} ${type} ${value}`)
      }
    }
    return lines.join("\n")
  })
}

function clientOf(port: number, password: string) {
  return createClient({ socket: { host: "127.0.0.1", port }, password })
}

/** Works with a client of its own, past the library. */
export async function withClient<T>(port: number, password: string, work: (client: ReturnType<typeof clientOf>) => Promise<T>): Promise<T> {
  const client = clientOf(port, password)
  client.on("error", () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    client.destroy()
  }
}
