import fc from "fast-check"

const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"])

/** Values of every kind that JavaScript has, nested; far more of them hostile than sensible. */
export function wild(): fc.Arbitrary<unknown> {
  const leaves = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom("\ud800", "\udfff", "\u2028", "\u0000", '"', "\\", "{", "}", ":", "a") }),
    fc.double(),
    fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 2 ** 53 - 1, 1e308, 5e-324, null, undefined, true, false, ""),
    fc.constantFrom(Symbol("s"), () => 1, /x/, new Set([1]), new Error("x"), new Uint8Array(2), Promise.resolve(1)),
  )
  const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "toJSON", "length", "then", ""))
  return fc.oneof(
    { weight: 3, arbitrary: leaves },
    {
      weight: 5,
      arbitrary: fc.anything({
        key: keys,
        values: [leaves],
        maxDepth: 4,
        maxKeys: 6,
        withBigInt: true,
        withBoxedValues: true,
        withDate: true,
        withMap: true,
        withNullPrototype: true,
        withObjectString: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
        withUnicodeString: true,
      }),
    },
    { weight: 4, arbitrary: fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }) },
  )
}

/** What JSON holds exactly, by a rule of its own and not by the library's: the judge must not be the accused. */
export function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0)
  if (typeof value !== "object" || depth > 30) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype || Object.keys(value).length !== value.length || Object.getOwnPropertySymbols(value).length > 0) return false
    return value.every((item) => isJson(item, depth + 1))
  }
  if (prototype !== null && prototype !== Object.prototype) return false
  if (Object.getOwnPropertySymbols(value).length > 0) return false
  return Object.entries(value).every(([key, item]) => !FORBIDDEN.has(key) && (item === undefined || isJson(item, depth + 1)))
}

/** Whether two values are the same JSON: numbers by `Object.is`, lists and objects by structure, `undefined` in an object as absent. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => sameJson(item, b[at]))
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  const [mine, other] = [present(a), present(b)]
  return mine.size === other.size && [...mine].every(([key, value]) => other.has(key) && sameJson(value, other.get(key)))
}

function present(object: object): ReadonlyMap<string, unknown> {
  return new Map(Object.entries(object).filter(([, value]) => value !== undefined))
}

/** How many values a property tries: `COATCHECK_FUZZ_RUNS` for longer runs. */
export function fuzzRuns(short: number): number {
  const wanted = Number(process.env.COATCHECK_FUZZ_RUNS ?? short)
  if (!Number.isInteger(wanted) || wanted < 1) throw new Error("Expected COATCHECK_FUZZ_RUNS to be a number of values to try")
  return wanted
}
