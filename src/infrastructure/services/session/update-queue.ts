import { untilAborted } from "../../until-aborted.js"

/** Lets changes of one session follow each other within a process: in a plain loop, 64 writers of one session would need hundreds of attempts. */
export class UpdateQueue {
  readonly #tails = new Map<string, Promise<void>>()

  /** Runs the work when all before it are done. Whoever waits no longer leaves the queue to those behind, whatever becomes of the work. */
  run<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#tails.get(key)
    const mine = before === undefined ? untilAborted(work(), signal) : untilAborted(before, signal).then(() => untilAborted(work(), signal))
    const leave = (): void => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
    const tail = (before === undefined ? mine : Promise.allSettled([before, mine])).then(leave, leave)
    this.#tails.set(key, tail)
    return mine
  }
}

/** Between processes a clash is answered with a pause: random, so that two do not meet again, and growing. */
export function backOff(attempt: number): Promise<void> {
  const ceiling = Math.min(50, 2 ** attempt)
  return new Promise((resolve) => setTimeout(resolve, Math.random() * ceiling))
}
