import { connect, createServer, type Server, type Socket } from "node:net"

/**
 * What the proxy does to the connections it carries, once. Bytes are counted from the moment of `arm`, over all connections together.
 *
 * - `cut-requests`: passes `bytes` of what clients send, then resets both ends.
 * - `cut-replies`: passes `bytes` of what the server answers, then resets both ends; with 0 the whole reply is swallowed.
 */
export interface Fault {
  readonly kind: "cut-requests" | "cut-replies"
  readonly bytes: number
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Whether the fault last armed has happened. */
  readonly struck: boolean
  /** Bytes that passed since `arm`, to choose positions by. */
  readonly passed: { readonly requests: number; readonly replies: number }
  /** Sets the counters to nothing, and the next fault; `null`: none. */
  arm(fault: Fault | null): void
  stop(): Promise<void>
}

/** More than one service with its reconnects ever opens: a test that loops must end. */
const MAX_CONNECTIONS = 16

/** Stands on a free loopback port before a server on another one. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const proxy = new CuttingProxy(target)
  await proxy.listen()
  return proxy
}

class CuttingProxy implements FaultProxy {
  readonly #target: number
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #fault: Fault | null = null
  #struck = false
  #requests = 0
  #replies = 0

  constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#carry(client))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === "string") throw new Error("Expected a proxy that listens, got one that was stopped")
    return address.port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get struck(): boolean {
    return this.#struck
  }

  get passed(): { readonly requests: number; readonly replies: number } {
    return { requests: this.#requests, replies: this.#replies }
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => this.#server.once("error", reject).listen(0, "127.0.0.1", resolve))
  }

  arm(fault: Fault | null): void {
    this.#fault = fault
    this.#struck = false
    this.#requests = 0
    this.#replies = 0
  }

  async stop(): Promise<void> {
    for (const pair of this.#pairs) reset(pair)
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #carry(client: Socket): void {
    const server = connect({ host: "127.0.0.1", port: this.#target })
    const pair = [client, server] as const
    this.#pairs.add(pair)
    for (const socket of pair) {
      socket.setNoDelay(true)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        this.#pairs.delete(pair)
        reset(pair)
      })
    }
    client.on("data", (chunk: Buffer) => {
      const seen = this.#requests
      this.#requests += chunk.length
      this.#pass(chunk, server, pair, seen, this.#fault?.kind === "cut-requests")
    })
    server.on("data", (chunk: Buffer) => {
      const seen = this.#replies
      this.#replies += chunk.length
      this.#pass(chunk, client, pair, seen, this.#fault?.kind === "cut-replies")
    })
  }

  #pass(chunk: Buffer, to: Socket, pair: readonly [Socket, Socket], seen: number, faulty: boolean): void {
    const fault = this.#fault
    if (!faulty || fault === null || this.#struck || seen + chunk.length <= fault.bytes) {
      to.write(chunk)
      return
    }
    this.#struck = true
    const passes = fault.bytes - seen
    // What is to arrive arrives before the reset, which would overtake it.
    if (passes > 0) to.write(chunk.subarray(0, passes), () => to.end(() => setImmediate(() => reset(pair))))
    else reset(pair)
  }
}

function reset(pair: readonly [Socket, Socket]): void {
  for (const socket of pair) socket.destroy()
}
