import type { Socket } from "node:net"

/** What a line does to the bytes that go over it. */
export interface Weather {
  readonly latencyMs?: number
  /** Added to the latency, anything up to this; the order is kept. */
  readonly jitterMs?: number
  readonly bytesPerSecond?: number
  /** Bytes are handed on in pieces of this size, each in a turn of its own. */
  readonly sliceBytes?: number
}

interface Piece {
  readonly bytes: Buffer
  readonly dueAt: number
}

/** More than this on the line makes whoever sends wait, as a full socket does. */
const LINE_BYTES = 64 * 1024
const PIECES_A_SECOND = 50

/** One direction of one connection: bytes in at once, out when it is their time. While it is held, nothing comes out and nothing is lost. */
export class SlowPipe {
  readonly #from: Socket
  readonly #to: Socket
  #pieces: Piece[] = []
  #waiting = 0
  #lineFreeAt = 0
  #lastDueAt = 0
  #next: NodeJS.Timeout | NodeJS.Immediate | undefined
  #held = false
  #isDead = false

  constructor(from: Socket, to: Socket) {
    this.#from = from
    this.#to = to
  }

  push(bytes: Buffer, { latencyMs = 0, jitterMs = 0, bytesPerSecond, sliceBytes }: Weather): void {
    if (this.#isDead) return
    const size = sliceBytes ?? (bytesPerSecond === undefined ? bytes.length : Math.max(1, Math.floor(bytesPerSecond / PIECES_A_SECOND)))
    for (let at = 0; at < bytes.length; at += size) {
      const piece = bytes.subarray(at, at + size)
      const now = performance.now()
      this.#lineFreeAt = Math.max(now, this.#lineFreeAt) + (bytesPerSecond === undefined ? 0 : (piece.length * 1_000) / bytesPerSecond)
      this.#lastDueAt = Math.max(this.#lastDueAt, this.#lineFreeAt + latencyMs + jitterMs * Math.random())
      this.#pieces.push({ bytes: piece, dueAt: this.#lastDueAt })
      this.#waiting += piece.length
    }
    if (this.#waiting > LINE_BYTES) this.#from.pause()
    this.#pump()
  }

  hold(): void {
    this.#held = true
  }

  goOn(): void {
    this.#held = false
    this.#pump()
  }

  /** Swallows everything from now on, as a line does of which a middle box has forgotten the connection. */
  die(): void {
    this.#isDead = true
    this.#pieces = []
    this.#waiting = 0
    this.#from.resume()
  }

  /** Calls back when all that was taken has been handed on. */
  drained(then: () => void): void {
    if (this.#to.destroyed) return
    if (this.#pieces.length > 0) setTimeout(() => this.drained(then), 1)
    else this.#to.write("", then)
  }

  #pump(): void {
    if (this.#next !== undefined || this.#held) return
    const [first] = this.#pieces
    if (first === undefined) return
    const waitMs = first.dueAt - performance.now()
    if (waitMs > 0) {
      this.#next = setTimeout(() => this.#goOnPumping(), waitMs)
      return
    }
    this.#pieces.shift()
    this.#waiting -= first.bytes.length
    if (!this.#to.destroyed) this.#to.write(first.bytes)
    if (this.#waiting <= LINE_BYTES) this.#from.resume()
    if (this.#pieces.length > 0) this.#next = setImmediate(() => this.#goOnPumping())
  }

  #goOnPumping(): void {
    this.#next = undefined
    this.#pump()
  }
}
