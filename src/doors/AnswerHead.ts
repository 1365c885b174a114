import type { ResponseHead } from "../web/contract.js"
import { targetsSomeCaches } from "../web/targeted-caches.js"

/** The headers that a framework is about to send; names in lower case. */
export interface HeaderTarget {
  get(name: string): readonly string[]
  /** In place of all of this name. */
  set(name: string, values: string | readonly string[]): void
  names(): Iterable<string>
  remove(name: string): void
}

/** `Cache-Control` is for all caches: what is said to some of them alone, and would stand over it there, goes. */
function putInstead(target: HeaderTarget, name: string, values: string | readonly string[]): void {
  if (name === "cache-control") for (const other of target.names()) if (targetsSomeCaches(other)) target.remove(other)
  target.set(name, values)
}

const NONE: readonly never[] = []

/** What waits to be added under one name, and what of it an earlier completion put into a head that could not be sent. */
class Addition {
  instead = false
  values: readonly string[] = NONE
  placed: readonly string[] = NONE

  putInto(target: HeaderTarget, name: string): void {
    if (this.instead) putInstead(target, name, this.values)
    else target.set(name, [...target.get(name).filter((value) => !this.placed.includes(value)), ...this.values])
    this.placed = this.values
  }
}

/**
 * What is to be added to the head of an answer. It waits here until the framework has put its own together, so that nothing which a handler,
 * or the framework's handling of an error, sets or clears meanwhile takes a cookie away or lets the answer be kept in a cache.
 */
export abstract class AnswerHead implements ResponseHead {
  #added: Map<string, Addition> | null = null
  #callback: (() => void) | null = null
  /** While it is completed. */
  #target: HeaderTarget | null = null
  #waiting = false
  shared: unknown = null

  /** Whether the framework's head is on its way. */
  abstract readonly sent: boolean

  /** Called once, when the first thing begins to wait: an answer to which nothing is added costs nothing. */
  protected begin(): void {}

  /** Whether anything was to be added. */
  get waiting(): boolean {
    return this.#waiting
  }

  append(given: string, value: string): void {
    const name = given.toLowerCase()
    const there = this.values(name)
    if (this.#target === null) this.#addition(name).values = [...there, value]
    // An earlier completion may have put it there.
    else if (!there.includes(value)) this.#target.set(name, [...there, value])
  }

  /** Of `Set-Cookie` it takes the place of what waits here alone: a handler's own cookies are its own business. */
  set(given: string, value: string): void {
    const name = given.toLowerCase()
    if (this.#target !== null) {
      if (name === "set-cookie") this.append(name, value)
      else putInstead(this.#target, name, value)
      return
    }
    const addition = this.#addition(name)
    addition.instead = name !== "set-cookie"
    addition.values = [value]
  }

  values(given: string): readonly string[] {
    const name = given.toLowerCase()
    return this.#target === null ? (this.#added?.get(name)?.values ?? NONE) : this.#target.get(name)
  }

  beforeSent(callback: () => void): void {
    this.#wait()
    const before = this.#callback
    this.#callback =
      before === null
        ? callback
        : (): void => {
            before()
            callback()
          }
  }

  /** Completes the framework's head, right before it is sent; once more when it could not be sent, and another takes its place. */
  complete(target: HeaderTarget): void {
    if (this.#added !== null) for (const [name, addition] of this.#added) addition.putInto(target, name)
    this.#target = target
    this.#callback?.()
    this.#target = null
  }

  #addition(name: string): Addition {
    this.#wait()
    this.#added ??= new Map()
    const known = this.#added.get(name)
    if (known !== undefined) return known
    const addition = new Addition()
    this.#added.set(name, addition)
    return addition
  }

  #wait(): void {
    if (this.#waiting) return
    this.#waiting = true
    this.begin()
  }
}
