import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

/** Stands before a server. While it is shut nothing passes and no connection ends, as when a cable is pulled; what was sent arrives when it opens again. */
export class Gate implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #port = 0
  #shut = false

  private constructor() {
    this.#server = createServer({ pauseOnConnect: true }, (from) => this.#carry(from))
  }

  static async listen(): Promise<Gate> {
    const gate = new Gate()
    gate.#server.listen(0, "127.0.0.1")
    await once(gate.#server, "listening")
    return gate
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** @param port of the server, on the loopback */
  leadTo(port: number): void {
    this.#port = port
  }

  shut(): void {
    this.#shut = true
    for (const socket of this.#sockets) socket.pause()
  }

  open(): void {
    this.#shut = false
    for (const socket of this.#sockets) socket.resume()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close")
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #carry(from: Socket): void {
    const to = connect({ host: "127.0.0.1", port: this.#port })
    this.#pass(from, to)
    this.#pass(to, from)
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on("data", (piece: Buffer) => to.write(piece))
    from.on("error", () => undefined)
    from.on("close", () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    if (this.#shut) from.pause()
    else from.resume()
  }
}
