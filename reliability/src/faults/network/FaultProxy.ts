import { once } from "node:events"
import { connect, createServer, type Server, type Socket } from "node:net"
import { SlowPipe, type Weather } from "./SlowPipe.js"

export type Direction = "requests" | "replies"

/** Passes so many bytes of one direction, counted from `arm` over all connections together, and then resets the connection. */
export interface Cut {
  readonly direction: Direction
  readonly bytes: number
}

/** What stands in the place of the next reply, and what the line does afterwards. */
export interface Forgery {
  readonly bytes: Buffer
  /** `instead`: the reply is dropped. `before`: it follows. `then-silence`: it is dropped, and so is all that comes later. `then-end`: the server hangs up. */
  readonly place: "instead" | "before" | "then-silence" | "then-end"
}

interface Line {
  /** In the order in which connections were taken. */
  readonly number: number
  readonly client: Socket
  readonly server: Socket
  readonly requests: SlowPipe
  readonly replies: SlowPipe
}

/** More than any row opens: what loops must end. */
const MOST_CONNECTIONS = 256

/** Stands between a client and a server of the loopback, and does to their connections what networks do. */
export class FaultProxy implements AsyncDisposable {
  readonly #target: number
  readonly #server: Server
  readonly #lines = new Set<Line>()
  readonly #passed = { requests: 0, replies: 0 }
  #weather: Weather = {}
  #cut: Cut | undefined
  #forgery: Forgery | undefined
  #struck = false
  #isHanging = false
  #opened = 0
  #openedBeforeHang = 0

  private constructor(target: number) {
    this.#target = target
    // A half that is closed must not close the other one.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#carry(client))
    this.#server.maxConnections = MOST_CONNECTIONS
  }

  /** @param target port of the server */
  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target)
    proxy.#server.listen(0, "127.0.0.1")
    await once(proxy.#server, "listening")
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === "string") throw new Error("Expected a proxy that listens, got one that was stopped")
    return address.port
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Connections taken so far. */
  get opened(): number {
    return this.#opened
  }

  /** Whether the cut or forgery last armed has happened. */
  get struck(): boolean {
    return this.#struck
  }

  /** Bytes that came in since `arm`. */
  get passed(): Readonly<Record<Direction, number>> {
    return { ...this.#passed }
  }

  /** What happens next, once; counts from here. Without a fault: nothing. */
  arm(fault?: Cut | Forgery): void {
    this.#cut = fault !== undefined && "direction" in fault ? fault : undefined
    this.#forgery = fault !== undefined && "place" in fault ? fault : undefined
    this.#struck = false
    this.#passed.requests = 0
    this.#passed.replies = 0
  }

  /** For all that comes in from now on. */
  setWeather(weather: Weather): void {
    this.#weather = weather
  }

  /** Connections stay open, new ones are taken, and nothing goes through. */
  hang(): void {
    this.#isHanging = true
    this.#openedBeforeHang = this.#opened
    for (const line of this.#lines) holdLine(line)
  }

  /** @param dead which of the connections that hung never say a word again; the others go on where they stopped */
  heal(dead: "none" | "those from before" | "all"): void {
    this.#isHanging = false
    for (const { number, requests, replies } of this.#lines) {
      const dies = dead === "all" || (dead === "those from before" && number <= this.#openedBeforeHang)
      for (const pipe of [requests, replies]) {
        if (dies) pipe.die()
        else pipe.goOn()
      }
    }
  }

  /** The server says that it will say no more, and still listens. */
  halfClose(): void {
    for (const { client } of this.#lines) client.end()
  }

  reset(): void {
    for (const line of this.#lines) resetLine(line)
  }

  async stop(): Promise<void> {
    this.reset()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #carry(client: Socket): void {
    this.#opened += 1
    const server = connect({ host: "127.0.0.1", port: this.#target, allowHalfOpen: true })
    const line: Line = { number: this.#opened, client, server, requests: new SlowPipe(client, server), replies: new SlowPipe(server, client) }
    this.#lines.add(line)
    if (this.#isHanging) holdLine(line)
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on("error", () => undefined)
      socket.on("close", () => {
        this.#lines.delete(line)
        resetLine(line)
      })
    }
    client.on("data", (bytes: Buffer) => this.#pass(line, "requests", bytes))
    server.on("data", (bytes: Buffer) => this.#pass(line, "replies", bytes))
    client.on("end", () => line.requests.drained(() => server.end()))
    server.on("end", () => line.replies.drained(() => client.end()))
  }

  #pass(line: Line, direction: Direction, bytes: Buffer): void {
    const seen = this.#passed[direction]
    this.#passed[direction] += bytes.length
    const pipe = line[direction]
    if (direction === "replies" && this.#forgery !== undefined && !this.#struck) {
      this.#forge(line, this.#forgery, bytes)
      return
    }
    const passes = this.#cut?.direction === direction && !this.#struck ? this.#cut.bytes - seen : bytes.length
    if (passes >= bytes.length) {
      pipe.push(bytes, this.#weather)
      return
    }
    this.#struck = true
    if (passes > 0) pipe.push(bytes.subarray(0, passes), this.#weather)
    // What is to arrive arrives before the reset, which would overtake it.
    pipe.drained(() => setTimeout(() => resetLine(line), passes > 0 ? 1 : 0))
  }

  #forge({ client, replies }: Line, { bytes, place }: Forgery, real: Buffer): void {
    this.#struck = true
    replies.push(place === "before" ? Buffer.concat([bytes, real]) : bytes, this.#weather)
    if (place === "then-silence") replies.drained(() => replies.die())
    if (place === "then-end") replies.drained(() => client.end())
  }
}

function holdLine({ requests, replies }: Line): void {
  requests.hold()
  replies.hold()
}

function resetLine({ client, server }: Line): void {
  // A socket that is just saying that it will say no more cannot be reset: Node would keep it for ever, and the process would never end.
  if (client.writableEnded && !client.writableFinished) client.destroy()
  if (!client.destroyed) client.resetAndDestroy()
  if (!server.destroyed) server.destroy()
}
