import { MARKER } from "./refusals.js"

class Point {
  readonly label = MARKER
}

class List extends Array<unknown> {}

function cyclic(): unknown {
  const loop: Record<string, unknown> = { label: MARKER }
  loop.self = [loop]
  return loop
}

function nested(depth: number): unknown {
  let value: unknown = MARKER
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { value }
  return value
}

const throwing = (): never => {
  throw new Error(MARKER)
}

/** Reads nothing without throwing. */
export function hostileProxy(target: object = {}): object {
  return new Proxy(target, { get: throwing, ownKeys: throwing, getOwnPropertyDescriptor: throwing, getPrototypeOf: throwing, has: throwing })
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}

/** Values of other types where text is asked for. */
export const NO_TEXT: readonly unknown[] = [
  0,
  -0,
  2 ** 53 + 2,
  Number.NaN,
  1n,
  true,
  Symbol(MARKER),
  [],
  [MARKER],
  {},
  { toString: () => MARKER },
  { toString: throwing },
  new String(MARKER),
  () => MARKER,
  Buffer.from(MARKER),
  hostileProxy(),
  hostileProxy([]),
]

/** What is refused as a user id. */
export const REFUSED_USER_IDS: readonly unknown[] = [
  ...NO_TEXT,
  null,
  "",
  "\ud800",
  "\ud801",
  `${MARKER}\udfff`,
  `${MARKER}${"x".repeat(512)}`,
  "é".repeat(257),
  "x".repeat(1_000_000),
]

/** Odd, but well-formed: each is a user of its own. */
export const ODD_USER_IDS: readonly string[] = [
  "a}b{c",
  "{}",
  "}{",
  ":",
  "*",
  "?",
  "[",
  "..",
  ".",
  "\r\n",
  "\u0000",
  "\u2028",
  " ",
  "  ",
  " ada",
  "ada ",
  "ada",
  "Ada",
  "ad",
  "аda",
  "null",
  "undefined",
  "0",
  "-0",
  "00",
  "9007199254740993",
  "9007199254740992",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "é".normalize("NFC"),
  "é".normalize("NFD"),
  "😀",
  '"',
  "\\",
  '","pendingUserId":"ada',
  '"body":["',
  "%00",
  "a%2Fb",
  "x".repeat(512),
]

/** Made of a token that is one; none of them is. Handles are not listed, for some calls ask for those. */
export function malformedTokens(token: string): readonly unknown[] {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  // The next letter has the same decoded bytes and one unused bit set.
  const next = (at: number): string => token.slice(0, at) + letters.charAt(letters.indexOf(token.charAt(at)) + 1) + token.slice(at + 1)
  return [
    ...NO_TEXT,
    "",
    "x",
    "..",
    "\r\n",
    "\u0000",
    "{}",
    "}{",
    "*",
    "?",
    "[",
    "__proto__",
    MARKER,
    `${token} `,
    ` ${token}`,
    `${token}\n`,
    `${token}\u0000`,
    token.slice(0, -1),
    `${token}A`,
    token.replaceAll(".", "․"),
    token.replaceAll(".", "%2E"),
    token.replaceAll(".", ":"),
    `{${token.slice(0, 3)}}${token.slice(3)}`,
    `session:${token}`,
    next(2),
    next(25),
    next(69),
    [token],
    { toString: () => token },
    new String(token),
    "A".repeat(10_000_000),
  ]
}

// Made once: making them takes longer than refusing them.
const MANY_KEYS = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`${MARKER}${n}`, n]))
const HUGE_TEXT = "x".repeat(64_000_000)

/** Values that JSON would change or lose, that reach a prototype, or that are too much. */
export const REFUSED_VALUES: Readonly<Record<string, () => unknown>> = {
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  "-Infinity": () => Number.NEGATIVE_INFINITY,
  "-0": () => -0,
  BigInt: () => 1n,
  Date: () => new Date(0),
  "an invalid Date": () => new Date(Number.NaN),
  RegExp: () => new RegExp(MARKER),
  Map: () => new Map([[MARKER, 1]]),
  Set: () => new Set([MARKER]),
  "a class instance": () => new Point(),
  "an instance of a class that extends Array": () => List.from([1]),
  "a function": () => () => MARKER,
  "a class": () => Point,
  "a symbol": () => Symbol(MARKER),
  "a symbol key": () => ({ [Symbol(MARKER)]: 1 }),
  "undefined in a list": () => [undefined],
  "a sparse list": () => Object.assign(new Array<unknown>(3), { 0: 1, 2: 3 }),
  "a huge sparse list": () => new Array(4_000_000_000),
  "a list with a property": () => Object.assign([1], { extra: MARKER }),
  "a cycle": cyclic,
  "a toJSON that lies": () => ({ toJSON: () => MARKER }),
  "a toJSON that throws": () => ({ toJSON: throwing }),
  "a getter that throws": () => Object.defineProperty({}, "a", { get: throwing, enumerable: true }),
  "a hidden property": () => Object.defineProperty({}, "a", { value: MARKER, enumerable: false }),
  "a hostile proxy": () => hostileProxy(),
  "a hostile proxy of a list": () => hostileProxy([]),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  "33 levels": () => nested(33),
  "1 000 levels": () => nested(1_000),
  "100 000 levels": () => nested(100_000),
  "100 000 keys": () => MANY_KEYS,
  Buffer: () => Buffer.from(MARKER),
  "a typed array": () => new Float64Array(2),
  "a detached ArrayBuffer": detached,
  "a boxed number": () => new Number(1),
  Error: () => new Error(MARKER),
  "a promise": () => Promise.resolve(MARKER),
  "a WeakMap": () => new WeakMap(),
  "a URL": () => new URL(`https://${MARKER}.example`),
  globalThis: () => globalThis,
  "an own key __proto__": () => JSON.parse(`{"__proto__":{"polluted":"${MARKER}"}}`) as unknown,
  "an own key constructor": () => ({ constructor: { prototype: { polluted: MARKER } } }),
  "an own key prototype": () => ({ prototype: { polluted: MARKER } }),
  "a key __proto__ deep inside": () => JSON.parse(`[[{"a":[{"__proto__":{"polluted":1}}]}]]`) as unknown,
}

/** Values that are larger than attributes may be. */
export const TOO_LARGE: Readonly<Record<string, () => unknown>> = {
  "1 MB of text": () => MARKER.repeat(116_000),
  "64 MB of text": () => HUGE_TEXT,
  "text that escapes to six times its length": () => "\u0001".repeat(12_000),
}

const shared = { a: 1 }

/** Values that come back exactly as they were given. */
export const KEPT_VALUES: Readonly<Record<string, unknown>> = {
  "an empty list and an empty object": { list: [], object: {}, lists: [[], [[]], [{}]] },
  "2^53 − 1 and beyond": [2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53, 2 ** 53 + 2, 1e21, 1e308, 5e-324, -1e308, 0.1, 1e-7],
  "text and numbers that look alike": ["1", 1, "true", true, "null", null, "", "0", 0, false],
  "line separators, NUL and control characters": '\u2028\u2029\u0000\u0001\u001f\u007f\r\n\t"\\/',
  "lone surrogates": ["\ud800", "\ud801", "a\udfffb", "\udc00\ud800"],
  "a key of nothing": { "": { "": "" } },
  "keys of every kind": Object.fromEntries(
    [" ", ".", "$", "\u0000", "\ud800", "toString", "hasOwnProperty", "toJSON", "then", "length", "0", "-1", "__proto", "Constructor"].map((key) => [key, key]),
  ),
  "both spellings of one letter": ["é".normalize("NFC"), "é".normalize("NFD"), { ["é".normalize("NFC")]: 1, ["é".normalize("NFD")]: 2 }],
  "text that looks like the record's own": ['"body":["', '",1,{', '{"lastAccessedAt":1}', '"previous":"x","until":1', "}}", "{[}]"],
  "an object at two places": [shared, shared],
  "30 levels": nested(28),
  "a reviver's bait": '{"__proto__":{"polluted":1}}',
}

/** What is refused as a duration. */
export const REFUSED_DURATIONS: readonly unknown[] = [
  0,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2 ** 31,
  2 ** 53,
  "60",
  "",
  "soon",
  MARKER,
  `1${MARKER}`,
  "-1s",
  "1e3s",
  "9ms",
  "1001d",
  "1 h",
  true,
  1n,
  Symbol(MARKER),
  [],
  {},
  { valueOf: () => 60 },
  new Date(),
  () => 60,
]

export const REFUSED_LIMITS: readonly unknown[] = [0, -1, 1.5, 100_001, Number.NaN, Number.POSITIVE_INFINITY, "5", "none", MARKER, true, 5n, [], {}, () => 5]
export const REFUSED_WORDS: readonly unknown[] = ["", "no", MARKER, 1, true, [], {}, Symbol(MARKER), "constructor", "evict-oldest "]
export const REFUSED_BOOLEANS: readonly unknown[] = ["true", "false", "", 0, 1, [], {}, MARKER, Symbol(MARKER)]
export const REFUSED_SIGNALS: readonly unknown[] = [{}, "x", 5, true, { aborted: true, reason: MARKER }, new EventTarget(), () => 1]
export const REFUSED_OPTIONS: readonly unknown[] = [null, 5, MARKER, true, [], [MARKER], () => 1, Symbol(MARKER), { [MARKER]: 1 }, { signall: 1 }]
