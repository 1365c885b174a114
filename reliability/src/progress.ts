const PROGRESS_EVERY_MS = 2_000

/** Which of how many parts runs: a layer in one mode. */
export interface PartPlace {
  readonly at: number
  readonly of: number
  readonly name: string
}

/** Tells on a stream what is being done, with the part and the time since the start; not more often than every two seconds. */
export class Progress {
  readonly #stream: NodeJS.WritableStream
  readonly #began = performance.now()
  #last = Number.NEGATIVE_INFINITY
  #part: PartPlace | undefined

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream
  }

  enter(part: PartPlace): void {
    this.#part = part
    this.#last = Number.NEGATIVE_INFINITY
    this.tell("begins")
  }

  tell(text: string): void {
    if (performance.now() - this.#last < PROGRESS_EVERY_MS) return
    this.#last = performance.now()
    const place = this.#part === undefined ? "" : `${this.#part.at} of ${this.#part.of}, ${this.#part.name}, `
    this.#stream.write(`reliability: [${place}${clock(performance.now() - this.#began)}] ${text}\n`)
  }
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
}
