/** Entries looked at for each that may be added: more than one, so that garbage shrinks. */
const LOOKED_AT = 2

/** Goes round all entries of a map, a few at a time, so that expired ones do not pile up where nobody runs a cleanup. */
export class Patrol<V> {
  readonly #entries: ReadonlyMap<string, V>
  readonly #look: (key: string, entry: V) => void
  #round: Iterator<[string, V]>

  /** @param look - removes an entry if it is over */
  constructor(entries: ReadonlyMap<string, V>, look: (key: string, entry: V) => void) {
    this.#entries = entries
    this.#look = look
    this.#round = entries.entries()
  }

  /** @param added - how many entries the caller may be about to add */
  step(added = 1): void {
    for (let looked = 0; looked < LOOKED_AT * added; looked += 1) {
      const next = this.#round.next()
      if (next.done === true) this.#round = this.#entries.entries()
      else this.#look(...next.value)
    }
  }
}
