import { once } from "node:events"
import { connect, type Socket } from "node:net"

/** An error reply. */
export interface Refusal {
  readonly refusal: string
}

/** A reply byte by byte: one character is one byte. */
export type RawReply = string | number | null | Refusal | readonly RawReply[]

interface Parsed {
  readonly reply: RawReply
  readonly next: number
}

/** A connection that shows the very bytes of a store. Clients read nested replies as text, and text hides a byte that is none. */
export class RawConnection {
  readonly #socket: Socket
  readonly #waiting: { resolve(reply: RawReply): void; reject(error: Error): void }[] = []
  #received = ""
  #at = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding("latin1")
    socket.setNoDelay(true)
    socket.on("data", (piece: string) => this.#take(piece))
    socket.on("error", (error) => this.#fail(error))
    socket.on("close", () => this.#fail(new Error("Expected a reply of the server, got the end of the connection")))
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ host: "127.0.0.1", port })
    await once(socket, "connect")
    return new RawConnection(socket)
  }

  /** Sends all commands in one piece. @returns a reply for each */
  async send(commands: readonly (readonly string[])[]): Promise<readonly RawReply[]> {
    const replies = commands.map(() => new Promise<RawReply>((resolve, reject) => this.#waiting.push({ resolve, reject })))
    this.#socket.write(commands.map(encode).join(""), "latin1")
    return Promise.all(replies)
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(piece: string): void {
    this.#received = this.#received.slice(this.#at) + piece
    this.#at = 0
    for (let parsed = parse(this.#received, this.#at); parsed !== undefined; parsed = parse(this.#received, this.#at)) {
      this.#at = parsed.next
      this.#waiting.shift()?.resolve(parsed.reply)
    }
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

export function isRefusal(reply: RawReply): reply is Refusal {
  return typeof reply === "object" && reply !== null && "refusal" in reply
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((part) => `$${part.length}\r\n${part}\r\n`).join("")}`
}

/** One reply that begins at a place; `undefined` while a part of it is still to come. */
function parse(text: string, at: number): Parsed | undefined {
  const end = text.indexOf("\r\n", at)
  if (end === -1) return undefined
  const line = text.slice(at + 1, end)
  const next = end + 2
  switch (text[at]) {
    case "+":
      return { reply: line, next }
    case "-":
      return { reply: { refusal: line }, next }
    case ":":
      return { reply: Number(line), next }
    case "$":
      return parseBytes(text, next, Number(line))
    case "*":
      return parseList(text, next, Number(line))
    default:
      throw new Error(`Expected the beginning of a reply, got ${JSON.stringify(text.slice(at, at + 20))}`)
  }
}

function parseBytes(text: string, at: number, length: number): Parsed | undefined {
  if (length === -1) return { reply: null, next: at }
  const next = at + length + 2
  return next > text.length ? undefined : { reply: text.slice(at, at + length), next }
}

function parseList(text: string, at: number, length: number): Parsed | undefined {
  if (length === -1) return { reply: null, next: at }
  const list: RawReply[] = []
  let next = at
  while (list.length < length) {
    const parsed = parse(text, next)
    if (parsed === undefined) return undefined
    list.push(parsed.reply)
    next = parsed.next
  }
  return { reply: list, next }
}
