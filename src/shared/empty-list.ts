const NOTHING: readonly never[] = []

/** A list for what waits: V8 may come to make what a literal `[]` makes in the old generation at once, and keeps all that hangs on it (bench/README.md). */
export function emptyList<T>(): T[] {
  return NOTHING.slice()
}
