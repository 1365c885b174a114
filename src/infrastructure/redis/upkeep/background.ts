/** Work that no caller waits for. Its failures are nobody's: whatever it mends is mended by the next use. */
export class Background {
  readonly #running = new Set<Promise<unknown>>()

  run(work: Promise<unknown>): void {
    const settled = work.catch(() => {})
    this.#running.add(settled)
    void settled.then(() => this.#running.delete(settled))
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }
}
