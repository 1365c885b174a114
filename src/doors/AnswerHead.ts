import type { ResponseHead } from "../web/contract.js"

/** The headers that a framework is about to send; names in lower case. */
export interface HeaderTarget {
  get(name: string): readonly string[]
  /** In place of all of this name. */
  set(name: string, values: readonly string[]): void
}

interface Addition {
  readonly name: string
  readonly instead: boolean
  readonly values: readonly string[]
}
/** One for each name. */
type Additions = readonly Addition[]

/**
 * What is to be added to the head of an answer. It waits here until the framework has put its own together, so that nothing which a handler,
 * or the framework's handling of an error, sets or clears meanwhile takes a cookie away or lets the answer be kept in a cache.
 */
export abstract class AnswerHead implements ResponseHead {
  #added: Additions = []
  #placed: Additions = []
  readonly #callbacks: (() => void)[] = []
  #target: HeaderTarget | undefined
  #waiting = false

  /** Whether the framework's head is on its way. */
  abstract readonly sent: boolean

  /** Called once, when the first thing begins to wait: an answer to which nothing is added costs nothing. */
  protected begin(): void {}

  /** Whether anything was to be added. */
  get waiting(): boolean {
    return this.#waiting
  }

  append(name: string, value: string): void {
    const { instead = false, values = [] } = find(this.#added, name) ?? {}
    this.#add({ name: name.toLowerCase(), instead, values: [...values, value] })
  }

  /** Of `Set-Cookie` it takes the place of what waits here alone: a handler's own cookies are its own business. */
  set(given: string, value: string): void {
    const name = given.toLowerCase()
    this.#add({ name, instead: name !== "set-cookie", values: [value] })
  }

  values(name: string): readonly string[] {
    const added = find(this.#added, name)
    if (added?.instead === true) return added.values
    const there = this.#target?.get(name.toLowerCase()) ?? []
    if (added === undefined) return there
    // Those that an earlier completion put there are what is added now, or out of date.
    const placed = find(this.#placed, name)?.values ?? []
    return [...there.filter((value) => !placed.includes(value)), ...added.values]
  }

  beforeSent(callback: () => void): void {
    this.#wait()
    this.#callbacks.push(callback)
  }

  /** Completes the framework's head, right before it is sent; once more when it could not be sent, and another takes its place. */
  complete(target: HeaderTarget): void {
    const added = this.#added
    this.#target = target
    for (const callback of this.#callbacks) callback()
    for (const { name } of this.#added) target.set(name, this.values(name))
    this.#placed = this.#added
    this.#target = undefined
    // What the callbacks said is said of this target alone.
    this.#added = added
  }

  #add(addition: Addition): void {
    this.#wait()
    this.#added = [...this.#added.filter(({ name }) => name !== addition.name), addition]
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.begin()
  }
}

function find(additions: Additions, given: string): Addition | undefined {
  const sought = given.toLowerCase()
  return additions.find(({ name }) => name === sought)
}
