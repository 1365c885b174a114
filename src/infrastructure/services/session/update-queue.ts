/** Lets changes of one session follow each other within a process: in a plain loop, 64 writers of one session would need hundreds of attempts. */
export class UpdateQueue {
  readonly #tails = new Map<string, Promise<unknown>>()

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key)
    const mine = before === undefined ? work() : before.then(work, work)
    this.#tails.set(key, mine)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === mine) this.#tails.delete(key)
    }
  }
}

/** Between processes a clash is answered with a pause: random, so that two do not meet again, and growing. */
export function backOff(attempt: number): Promise<void> {
  const ceiling = Math.min(50, 2 ** attempt)
  return new Promise((resolve) => setTimeout(resolve, Math.random() * ceiling))
}
