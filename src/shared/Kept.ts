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

const KEPT = Symbol("coatcheck")
/** Of objects that are frozen or sealed. */
const BESIDE = new WeakMap<object, Keepsake>()

/** What is kept for one purpose, and what is kept of the same object for others. */
class Keepsake {
  readonly purpose: Kept<unknown>
  value: unknown
  next: Keepsake | undefined

  constructor(purpose: Kept<unknown>, value: unknown, next: Keepsake | undefined) {
    this.purpose = purpose
    this.value = value
    this.next = next
  }
}

/**
 * What this library keeps of a request, an answer or a session: on that object itself, where nobody else finds it. A `WeakMap` with a key for each request costs
 * more in garbage collection than all else that a request costs here (bench/README.md). All that is kept of one object is one property: each makes an object
 * of Express larger by a kilobyte. Of one that takes no properties it is kept beside it.
 */
export class Kept<V> {
  of(owner: object): V | undefined {
    return this.#find(owner)?.value as V | undefined
  }

  keep(owner: object, value: V | undefined): void {
    const known = this.#find(owner)
    const other = first(owner)
    if (known !== undefined) known.value = value
    else if (other !== undefined) other.next = new Keepsake(this, value, other.next)
    else if (!Object.isExtensible(owner)) BESIDE.set(owner, new Keepsake(this, value, undefined))
    else Object.defineProperty(owner, KEPT, new Hidden(new Keepsake(this, value, undefined)))
  }

  drop(owner: object): void {
    this.keep(owner, undefined)
  }

  #find(owner: object): Keepsake | undefined {
    let one = first(owner)
    while (one !== undefined && one.purpose !== this) one = one.next
    return one
  }
}

function first(owner: object): Keepsake | undefined {
  return (owner as { readonly [KEPT]?: Keepsake })[KEPT] ?? BESIDE.get(owner)
}
