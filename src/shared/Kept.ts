/**
 * A property that is not seen when an object is listed or copied. A class, for a literal may come to lie in the old generation, and all that it holds with it
 * (bench/README.md).
 */
export class Hidden implements PropertyDescriptor {
  readonly value: unknown
  readonly writable = true
  readonly configurable = true
  readonly enumerable = false

  constructor(value: unknown) {
    this.value = value
  }
}

/**
 * What this library keeps of a request, an answer or a session: on that object itself, where nobody else finds it. A `WeakMap` with a key for each request costs
 * more in garbage collection than all else that a request costs here (bench/README.md).
 */
export class Kept<V> {
  readonly #key = Symbol("coatcheck")

  of(owner: object): V | undefined {
    return (owner as { readonly [key: symbol]: V | undefined })[this.#key]
  }

  keep(owner: object, value: V): void {
    Object.defineProperty(owner, this.#key, new Hidden(value))
  }

  drop(owner: object): void {
    delete (owner as { [key: symbol]: unknown })[this.#key]
  }
}
