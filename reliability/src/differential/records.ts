import { writeHead, writePrevious } from "../simulation/store/record-head.js"
import type { Random } from "../workloads/random.js"
import type { Contents } from "./contents.js"

export const VERIFIERS = ["AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB", "CCCCCCCCCCCCCCCCCCCCCC", "DDDDDDDDDDDDDDDDDDDDDD"] as const
export const CHANGES = ["chng-1", "chng-2", "chng-3", "chng-4", "chng-5", "AAAAAA", "BBBBBB"] as const
export const OWNERS = ['"anna"', '"b%(.)"', '"\u00c3\u00a9"'] as const
export const BODIES = ['"body":["{}","3f9a"]}', '"body":["{\\"n\\":1}","77aa"],"later":1}', '"body":["\u00ff\u0000","0000"]}'] as const
const SECOND_MS = 1_000
const HOUR_MS = 3_600_000
const BEYOND_PREFIX = 4_200

/** One of several, of which there is at least one. */
export function pick<const T extends readonly [unknown, ...unknown[]]>(random: Random, all: T): T[number] {
  return all[random(all.length)]
}

/** A record as the library writes it, at some point of its life. */
export function makeRecord(random: Random, nowMs: number): string {
  const absolute = nowMs + pick(random, [-1, 0, 1, 5, SECOND_MS, HOUR_MS, 30 * 24 * HOUR_MS])
  const head = {
    idle: pick(random, [1, 20, HOUR_MS, 99_999_999_999]),
    slack: pick(random, [0, 2, 60_000]),
    absolute,
    created: nowMs * 1_000 - random(5_000_000),
    authenticated: (random(3) === 0 ? "null" : String(1_790_000_000_000 + random(1_000))).padStart(13),
  }
  const version = pick(random, [1, 2, 9, 999_999_999])
  const operations = Array.from({ length: 4 }, () => pick(random, [...CHANGES, "------"])).join("")
  const previous = random(3) === 0 ? writePrevious(pick(random, VERIFIERS), nowMs + pick(random, [-5, 0, 1, 10, HOUR_MS])) : ""
  return writeHead(head, nowMs, version, operations, pick(random, VERIFIERS)) + previous + ownMembers(random) + pick(random, BODIES)
}

/** What never changes. */
export function ownMembers(random: Random): string {
  const name = random(5) === 0 ? "pendingUserId" : "userId"
  const long = random(40) === 0 ? `"note":"${"x".repeat(BEYOND_PREFIX)}",` : ""
  return `${long}"${name}":${pick(random, OWNERS)},`
}

/** What befalls a record: part of it lost or changed, another layout, or something else in its place. */
export function damage(random: Random, record: string): Contents {
  const kept: { readonly kind: "string"; readonly expiresAt: undefined } = { kind: "string", expiresAt: undefined }
  switch (random(8)) {
    case 0:
      return { ...kept, value: record.slice(0, random(record.length)) }
    case 1:
      return { ...kept, value: `${record.slice(0, 61)}2${record.slice(62)}` }
    case 2:
      return { ...kept, value: pick(random, ["", " ", "not a record", "{}", "\u0000".repeat(300)]) }
    case 3:
      return { kind: "zset", members: [{ member: "m", score: 1 }], expiresAt: undefined }
    case 4:
      return { ...kept, value: record.replace('"body":["', '"body":[ "') }
    case 5:
      return { ...kept, value: withNumber(random, record) }
    default: {
      const at = random(Math.min(record.length, 275))
      const byte = String.fromCharCode(random(256))
      // An exponent in the midst of a field makes a number beyond all that either side writes exactly.
      return { ...kept, value: record.slice(0, at) + (/e/i.test(byte) ? "!" : byte) + record.slice(at + 1) }
    }
  }
}

const FIELDS = [
  [40, 11],
  [52, 8],
  [63, 9],
  [73, 13],
  [87, 16],
  [156, 13],
  [215, 13],
] as const

/** Another number in a field of the head, or something like a number. */
function withNumber(random: Random, record: string): string {
  const [at, width] = pick(random, FIELDS)
  const text = pick(random, [
    "0",
    "-7",
    "1.5",
    "2.5",
    "1e3",
    "+12",
    ".5",
    "5.",
    "0x1F",
    "12\u0000zz",
    "\u00a012",
    "12 ",
    "1 2",
    "",
    "twelve",
    "\t3\n",
    "9999999",
  ])
  return record.slice(0, at) + text.padStart(width).slice(0, width) + record.slice(at + width)
}
