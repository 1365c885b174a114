/** Who an event belongs to: it waits while its owner stands still, and is dropped when its owner is gone. */
export interface Owner {
  readonly alive: boolean
  /** Virtual microseconds until which nothing of it runs. */
  readonly stalledUntil: number
}

/** Something that is going to happen. */
export interface Event {
  at: number
  order: number
  readonly owner: Owner | undefined
  run: (() => void) | undefined
}

const realSetImmediate = globalThis.setImmediate

/** The order of all that happens: a queue by virtual time, in microseconds, and within one instant by when it was asked for. */
export class VirtualTime {
  now = 0
  /** Whose code is running. */
  current: Owner | undefined
  readonly #heap: Event[] = []
  #order = 0

  at(time: number, owner: Owner | undefined, run: () => void): Event {
    const event: Event = { at: Math.max(this.now, Math.round(time)), order: this.#order++, owner, run }
    this.#push(event)
    return event
  }

  after(delay: number, owner: Owner | undefined, run: () => void): Event {
    return this.at(this.now + delay, owner, run)
  }

  /** Runs one event after the other until there is nothing to wait for. The code of an owner gets a turn of its own, with all that it promised itself. */
  runUntil(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          for (;;) {
            if (isDone()) {
              resolve()
              return
            }
            const event = this.#next()
            if (event === undefined) throw new Error("Expected something to happen, got an empty queue of events")
            this.current = event.owner
            event.run?.()
            if (event.owner !== undefined) break
          }
          realSetImmediate(turn)
        } catch (error) {
          reject(error)
        }
      }
      turn()
    })
  }

  #next(): Event | undefined {
    for (;;) {
      const event = this.#pop()
      if (event === undefined) return undefined
      if (event.run === undefined || event.owner?.alive === false) continue
      this.now = event.at
      const until = event.owner?.stalledUntil ?? 0
      if (until <= this.now) return event
      event.at = until
      event.order = this.#order++
      this.#push(event)
    }
  }

  #push(event: Event): void {
    const heap = this.#heap
    let place = heap.length
    heap.push(event)
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = heap[parent] as Event
      if (!isBefore(event, above)) break
      heap[place] = above
      place = parent
    }
    heap[place] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let place = 0
    for (;;) {
      let child = place * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1
      const below = heap[child] as Event
      if (!isBefore(below, last)) break
      heap[place] = below
      place = child
    }
    heap[place] = last
    return first
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
