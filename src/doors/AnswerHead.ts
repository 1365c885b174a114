import type { ResponseHead } from "../web/contract.js"

/** The headers that a framework is about to send; names in lower case. */
export interface HeaderTarget {
  get(name: string): readonly string[]
  /** In place of all of this name. */
  set(name: string, values: readonly string[]): void
}

interface Addition {
  readonly instead: boolean
  readonly values: readonly string[]
}

/**
 * What is to be added to the head of an answer. It waits here until the framework has put its own together, so that nothing which a handler,
 * or the framework's handling of an error, sets or clears meanwhile takes a cookie away or lets the answer be kept in a cache.
 */
export class AnswerHead implements ResponseHead {
  #added = new Map<string, Addition>()
  readonly #placed = new Map<string, readonly string[]>()
  readonly #callbacks: (() => void)[] = []
  readonly #isSent: () => boolean
  readonly #whenWaiting: () => void
  #target: HeaderTarget | undefined
  #waiting = false

  /**
   * @param isSent whether the framework's head is on its way
   * @param whenWaiting called once, when the first thing begins to wait: an answer to which nothing is added costs nothing
   */
  constructor(isSent: () => boolean, whenWaiting: () => void = () => {}) {
    this.#isSent = isSent
    this.#whenWaiting = whenWaiting
  }

  get sent(): boolean {
    return this.#isSent()
  }

  /** Whether anything was to be added. */
  get waiting(): boolean {
    return this.#waiting
  }

  append(name: string, value: string): void {
    const before = this.#added.get(name.toLowerCase())
    this.#add(name, { instead: before?.instead ?? false, values: [...(before?.values ?? []), value] })
  }

  /** Of `Set-Cookie` it takes the place of what waits here alone: a handler's own cookies are its own business. */
  set(name: string, value: string): void {
    this.#add(name, { instead: name.toLowerCase() !== "set-cookie", values: [value] })
  }

  values(name: string): readonly string[] {
    const added = this.#added.get(name.toLowerCase())
    if (added?.instead === true) return added.values
    const there = this.#target?.get(name.toLowerCase()) ?? []
    if (added === undefined) return there
    // Those that an earlier completion put there are what is added now, or out of date.
    return [...there.filter((value) => !this.#placed.get(name.toLowerCase())?.includes(value)), ...added.values]
  }

  beforeSent(callback: () => void): void {
    this.#wait()
    this.#callbacks.push(callback)
  }

  /** Completes the framework's head, right before it is sent; once more when it could not be sent, and another takes its place. */
  complete(target: HeaderTarget): void {
    const added = new Map(this.#added)
    this.#target = target
    for (const callback of this.#callbacks) callback()
    for (const [name, { values }] of this.#added) {
      target.set(name, this.values(name))
      this.#placed.set(name, values)
    }
    this.#target = undefined
    // What the callbacks said is said of this target alone.
    this.#added = added
  }

  #add(name: string, addition: Addition): void {
    this.#wait()
    this.#added.set(name.toLowerCase(), addition)
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.#whenWaiting()
  }
}
