const LOOK_EVERY_MS = 10
/** Below this a timer is late in the ordinary way. */
const NOTICED_MS = 5

/** When this process itself stood still, because the machine gave it no time or it computed: that is no fault of the service. Times are `process.hrtime`'s. */
export class Standstills implements Disposable {
  readonly #timer: NodeJS.Timeout
  readonly #origin: bigint
  readonly #spans: { readonly from: number; readonly to: number }[] = []
  #looked: number
  #ended = false

  /** @param origin what times are counted from */
  constructor(origin: bigint) {
    this.#origin = origin
    this.#looked = this.#now()
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
  }

  /** The longest one, in nanoseconds. */
  get longest(): number {
    this.#look()
    return this.#spans.reduce((most, { from, to }) => Math.max(most, to - from), 0)
  }

  /** For how much of a time this process stood still, in nanoseconds. */
  within(from: number, to: number): number {
    this.#look()
    return this.#spans.reduce((sum, span) => sum + Math.max(0, Math.min(to, span.to) - Math.max(from, span.from)), 0)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#look()
    this.#ended = true
  }

  #look(): void {
    if (this.#ended) return
    const now = this.#now()
    const due = this.#looked + LOOK_EVERY_MS * 1_000_000
    if (now - due > NOTICED_MS * 1_000_000) this.#spans.push({ from: due, to: now })
    this.#looked = now
  }

  #now(): number {
    return Number(process.hrtime.bigint() - this.#origin)
  }
}
