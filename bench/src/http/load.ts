import { once } from "node:events"
import { connect, type Socket } from "node:net"

const HEAD_END = Buffer.from("\r\n\r\n")

/**
 * One connection that is kept alive and asks one request at a time. Knows of HTTP no more than these answers need, so that asking costs little beside
 * answering: a status line, a content-length, a body.
 */
export class KeptConnection {
  readonly #socket: Socket
  #received: Buffer = Buffer.alloc(0)
  #answered: ((status: number) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on("data", (chunk) => this.#take(chunk))
    socket.on("error", (error) => this.#failed?.(error))
    socket.on("close", () => this.#failed?.(new Error("Expected a connection that is kept alive, got one that was closed")))
  }

  static async open(port: number): Promise<KeptConnection> {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    await once(socket, "connect")
    return new KeptConnection(socket)
  }

  /** @returns the status of the answer */
  ask(request: string): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) throw new Error("Expected a connection that is kept alive, got one that was closed")
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const head = this.#received.indexOf(HEAD_END)
    if (head < 0) return
    const text = this.#received.toString("latin1", 0, head)
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1])
    if (Number.isNaN(length)) {
      this.#failed?.(new Error("Expected an answer with a content-length"))
      return
    }
    if (this.#received.length < head + HEAD_END.length + length) return
    this.#received = Buffer.alloc(0)
    this.#answered?.(Number(text.slice(9, 12)))
  }
}

/**
 * Sends `count` requests over all connections at once, each going on with its next when it was answered.
 *
 * @returns how long each took, in microseconds, the shortest first
 * @throws when an answer is not 200
 */
export async function load(connections: readonly KeptConnection[], requests: readonly string[], count: number): Promise<Float64Array> {
  const latencies: number[] = []
  let next = 0
  await Promise.all(
    connections.map(async (connection) => {
      let now = performance.now()
      while (next < count) {
        const asked = now
        const status = await connection.ask(requests[next++ % requests.length] ?? "")
        if (status !== 200) throw new Error(`Expected every answer to be 200, got ${status}`)
        now = performance.now()
        latencies.push(now - asked)
      }
    }),
  )
  return Float64Array.from(latencies, (one) => one * 1_000).sort()
}
