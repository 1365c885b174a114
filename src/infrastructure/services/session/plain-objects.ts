type Filled<T> = { -readonly [name in keyof T]: T[name] }

/**
 * Makes plain objects, as literals do, by a function that fills them. What a literal makes may come to lie in the old generation once a burst of calls had to
 * wait, and all that hangs on it (bench/README.md); what a constructor makes does not, but would not be plain.
 */
export function plainObjects<T extends object, P extends readonly unknown[]>(fill: (this: Filled<T>, ...parts: P) => void): new (...parts: P) => T {
  fill.prototype = Object.prototype
  return fill as unknown as new (
    ...parts: P
  ) => T
}
