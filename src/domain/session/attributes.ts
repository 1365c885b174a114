import { describe, UnexpectedValue } from "../../shared/assertions.js"

/** A plain JSON object that belongs to nobody else. */
export type AttributesCopy = Record<string, unknown>

export const ATTRIBUTES_BYTES = 65_536
const MAX_DEPTH = 32
const MAX_VALUES = 20_000
/** Keys that reach an object's prototype when somebody merges carelessly. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"])

/**
 * Copies attributes, and refuses whatever JSON would change: each accepted value comes back exactly as it was given.
 *
 * Refused: NaN, infinities and -0, bigints, functions, symbols, class instances (a Date too: store its ISO text), sparse arrays and
 * `undefined` in arrays, keys that reach a prototype at any depth, more than 32 levels or 20 000 values. `undefined` in an object counts as absent.
 *
 * @throws UnexpectedValue
 */
export function copyAttributes(value: unknown, name: string): AttributesCopy {
  const budget = { values: 0 }
  try {
    if (!isPlainObject(value)) throw refusal(name, "a plain object", value)
    return copyObject(value, name, 1, budget)
  } catch (error) {
    // A getter or a proxy may throw anything, also something that holds session data.
    if (error instanceof UnexpectedValue) throw error
    throw new UnexpectedValue(`Expected ${name} to be readable, got an object that throws when it is read.`)
  }
}

/** Characters of the shortest JSON that more values can have than attributes may. */
const SURELY_FEW = 2 * MAX_VALUES

/**
 * Refuses attributes that were merged of others and have become too many.
 *
 * @param text - their JSON
 * @throws UnexpectedValue
 */
export function assertFewValues(attributes: AttributesCopy, text: string): void {
  if (text.length > SURELY_FEW) copyAttributes(attributes, "the session's attributes together")
}

function copyObject(object: object, name: string, depth: number, budget: { values: number }): AttributesCopy {
  const copy: AttributesCopy = {}
  for (const key of Reflect.ownKeys(object)) {
    if (typeof key === "symbol") throw refusal(name, "without symbol keys", key)
    if (FORBIDDEN_KEYS.has(key)) throw new UnexpectedValue(`Expected ${name} to have no key __proto__, constructor or prototype at any depth.`)
    if (!Object.prototype.propertyIsEnumerable.call(object, key)) throw new UnexpectedValue(`Expected ${name} to have only enumerable properties.`)
    const value = (object as Record<string, unknown>)[key]
    if (value !== undefined) copy[key] = copyValue(value, name, depth + 1, budget)
  }
  return copy
}

function copyArray(array: readonly unknown[], name: string, depth: number, budget: { values: number }): unknown[] {
  // Every index and `length`, nothing else: holes and extra properties would be lost.
  if (array.length > MAX_VALUES) throw refusal(name, `at most ${MAX_VALUES} values`, array)
  if (Reflect.ownKeys(array).length !== array.length + 1) throw refusal(name, "made of arrays without holes or extra properties", array)
  // The prototype of an array of any realm is two steps from the end of the chain; that of a class which extends Array is further.
  if (Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(array))) !== null) throw refusal(name, "made of plain arrays", array)
  const copy: unknown[] = []
  for (let at = 0; at < array.length; at += 1) copy.push(copyValue(array[at], name, depth + 1, budget))
  return copy
}

function copyValue(value: unknown, name: string, depth: number, budget: { values: number }): unknown {
  budget.values += 1
  if (budget.values > MAX_VALUES) throw refusal(name, `at most ${MAX_VALUES} values`, value)
  if (value === null || typeof value === "string" || typeof value === "boolean") return value
  if (typeof value === "number") {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value
    throw new UnexpectedValue(`Expected ${name} to hold numbers that JSON can write, got ${Object.is(value, -0) ? "-0" : String(value)}.`)
  }
  if (depth > MAX_DEPTH) throw refusal(name, `at most ${MAX_DEPTH} levels deep and not cyclic`, value)
  if (Array.isArray(value)) return copyArray(value, name, depth, budget)
  if (isPlainObject(value)) return copyObject(value, name, depth, budget)
  throw refusal(name, "made of JSON values only (null, booleans, numbers, strings, arrays, plain objects)", value)
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Plain objects of another realm (vm, worker) have another Object.prototype, whose own prototype is null.
  return prototype === null || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf"))
}

function refusal(name: string, what: string, got: unknown): UnexpectedValue {
  const kind = typeof got === "object" && got !== null && !Array.isArray(got) && !isPlainObject(got) ? "a class instance" : describe(got)
  return new UnexpectedValue(`Expected ${name} to be ${what}, got ${kind}.`)
}

/** The attributes after a patch: shallow; `undefined` keeps; `unset` removes, and wins over the patch. */
export function mergeAttributes(stored: AttributesCopy, patch: AttributesCopy, unset: readonly string[]): AttributesCopy {
  const merged = { ...stored, ...patch }
  for (const key of unset) delete merged[key]
  return merged
}
