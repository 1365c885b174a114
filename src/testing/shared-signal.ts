import assert from "node:assert/strict"
import { getEventListeners } from "node:events"

const CALLS = 50

/** One abort signal for many calls at once, with the warnings of the process that name its kind since it was made. */
export class SharedSignal {
  readonly #controller = new AbortController()
  readonly #warnings: string[] = []
  readonly #onWarning = (warning: Error): void => {
    if (warning.name === "MaxListenersExceededWarning") this.#warnings.push(warning.message)
  }

  constructor() {
    process.on("warning", this.#onWarning)
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: Error): void {
    this.#controller.abort(reason)
  }

  /** Begins fifty calls at once, and returns how each ended. */
  settle(call: () => Promise<unknown>): Promise<readonly PromiseSettledResult<unknown>[]> {
    return Promise.allSettled(Array.from({ length: CALLS }, call))
  }

  async assertQuiet(name: string): Promise<void> {
    // Node emits a warning in a later turn.
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(this.#warnings, [], `${name}: a shared signal made the process warn`)
    assert.equal(getEventListeners(this.signal, "abort").length, 0, `${name}: a listener stayed on the signal`)
  }

  release(): void {
    process.off("warning", this.#onWarning)
  }
}
