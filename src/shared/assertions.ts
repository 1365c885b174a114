/**
 * A value that is not what was asked for. The front of the library turns it into `ERR_INVALID_ARGUMENT`
 * (`ERR_CONFIG_INVALID` for the options of a service), so that rules in `domain/` need not know error classes.
 */
export class UnexpectedValue extends Error {
  override readonly name = "UnexpectedValue"
  /** Which value it is, where it has a name of its own. */
  readonly option: string | undefined

  constructor(message: string, option?: string) {
    super(message)
    this.option = option
  }
}

/** Says what was expected and what was got: its type and length, never the value, which may be a token passed by mistake. */
export function expected(name: string, what: string, got: unknown): UnexpectedValue {
  return new UnexpectedValue(`Expected ${name} to be ${what}, got ${describe(got)}.`, name)
}

/** Type and size of a value in words. */
export function describe(value: unknown): string {
  try {
    return kindOf(value)
  } catch {
    return "an object that throws when it is read"
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  switch (typeof value) {
    case "string":
      return `a string of ${value.length} characters`
    case "number":
      return Number.isFinite(value) ? (Number.isInteger(value) ? "an integer out of range" : "a number with a fraction") : String(value)
    case "object":
      return Array.isArray(value) ? `an array of ${value.length}` : "an object"
    default:
      return `a ${typeof value}`
  }
}

/** Refuses option names that do not exist: a misspelt limit must not silently be no limit. */
export function assertKnownKeys(value: unknown, name: string, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw expected(name, "an object of options", value)
  for (const key of Object.keys(value)) {
    if (!known.includes(key))
      throw new UnexpectedValue(`Expected ${name} to have only the options ${known.join(", ")}, got another one of ${key.length} characters.`)
  }
}

/** A copy of options, read once, that has none but the known ones. */
export function readOptions<T>(given: T, name: string, known: readonly string[]): T {
  const options = readOnce(given)
  assertKnownKeys(options, name, known)
  return options
}

/** A whole number within bounds. */
export function assertInteger(value: unknown, name: string, range: { readonly min: number; readonly max: number }): asserts value is number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < range.min || value > range.max) {
    throw expected(name, `an integer from ${range.min} to ${range.max}`, value)
  }
}

/** One of a few words. */
export function assertOneOf<T extends string>(value: unknown, name: string, words: readonly T[]): asserts value is T {
  if (typeof value !== "string" || !(words as readonly string[]).includes(value)) throw expected(name, `one of ${words.join(", ")}`, value)
}

/** A copy of options, read once: a getter or a proxy can neither throw later nor change its mind. What is no object is left to be judged. */
export function readOnce<T>(options: T): T {
  try {
    if (typeof options !== "object" || options === null || Array.isArray(options)) return options
    // Without a prototype, so that a key of the name __proto__ is one like others, and is refused like others.
    const copy = Object.create(null) as T
    for (const key in options) copy[key] = options[key]
    return copy
  } catch {
    throw new UnexpectedValue("Expected options that can be read, got an object that throws when it is read.")
  }
}
