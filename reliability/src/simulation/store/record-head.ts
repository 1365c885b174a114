import type { Keyspace } from "./Keyspace.js"

/** The fields of a record that scripts read and write in place. */
export interface Head {
  readonly text: string
  readonly idle: number
  readonly slack: number
  readonly version: number
  readonly absolute: number
  readonly created: number
  readonly operations: string
  readonly verifier: string
  /** A number, or `null`, as it stands in the record. */
  readonly authenticated: string
  readonly previous: { readonly verifier: string; readonly until: number } | undefined
  /** Where the members that never change begin, counted from 0. */
  readonly rest: number
}

const BEGINNING = '{"lastAccessedAt":'
const HEAD_LENGTH = 171
const BODY_MARKER = '"body":["'

/** The first bytes of a record. `undefined`: there is none; `false`: it is not one of this layout. */
export function readHead(keys: Keyspace, key: string, bytes: number): Head | false | undefined {
  const text = beginningOf(keys, key, bytes)
  if (text === undefined) return false
  if (text === "") return undefined
  if (text.length < HEAD_LENGTH || !text.startsWith(BEGINNING) || text[61] !== "1") return false
  const idle = luaNumber(text.slice(40, 51))
  const slack = luaNumber(text.slice(52, 60))
  const version = luaNumber(text.slice(63, 72))
  const absolute = luaNumber(text.slice(73, 86))
  const created = luaNumber(text.slice(87, 103))
  if (idle === undefined || slack === undefined || version === undefined || absolute === undefined || created === undefined) return false
  const hasPrevious = text.slice(171, 183) === '"previous":"'
  return {
    text,
    idle,
    slack,
    version,
    absolute,
    created,
    operations: text.slice(105, 129),
    verifier: text.slice(132, 154),
    authenticated: text.slice(156, 169),
    previous: hasPrevious ? { verifier: text.slice(183, 205), until: luaNumber(text.slice(215, 228)) ?? 0 } : undefined,
    rest: hasPrevious ? 229 : HEAD_LENGTH,
  }
}

/** The verifier of a record of any layout; `undefined`: it is no record. */
export function verifierOfAnyLayout(keys: Keyspace, key: string): string | undefined {
  const text = beginningOf(keys, key, 154)
  return text === undefined || text.length < 154 || !text.startsWith(BEGINNING) ? undefined : text.slice(132, 154)
}

function beginningOf(keys: Keyspace, key: string, bytes: number): string | undefined {
  const entry = keys.find(key)
  if (entry?.type === "zset") return undefined
  return keys.getRange(key, 0, bytes - 1)
}

/** Where the body begins; -1: nowhere. */
export function findBody(text: string, from: number): number {
  return text.indexOf(BODY_MARKER, from)
}

/** The head of a record with these fields. */
export function writeHead(
  head: Pick<Head, "idle" | "slack" | "absolute" | "created" | "authenticated">,
  nowMs: number,
  version: number,
  operations: string,
  verifier: string,
): string {
  const { idle, slack, absolute, created, authenticated } = head
  return (
    `${BEGINNING}${pad(nowMs, 13)},"head":[${pad(idle, 11)},${pad(slack, 8)},1,${pad(version, 9)},` +
    `${pad(absolute, 13)},${pad(created, 16)},"${operations}","${verifier}",${authenticated}],`
  )
}

/** The head of a record written anew: what no argument names stays as it lies there. */
export function rewriteHead(text: string, nowMs: number, version: number, operations: string, verifier: string, authenticated: string): string {
  return `${BEGINNING}${pad(nowMs, 13)}${text.slice(31, 63)}${pad(version, 9)}${text.slice(72, 105)}${operations}","${verifier}",${authenticated}],`
}

export function writePrevious(verifier: string, until: number): string {
  return `"previous":"${printed(verifier)}","until":${pad(until, 13)},`
}

/** Short text as C prints it: as far as a zero byte, which only a damaged record holds. */
function printed(text: string): string {
  const end = text.indexOf("\0")
  return end === -1 ? text : text.slice(0, end)
}

/** A number in a field of fixed width, as C writes it without a fraction. */
export function pad(number: number, width: number): string {
  return whole(number).padStart(width)
}

/** A number as C writes it without a fraction: half goes to the even neighbour. */
export function whole(number: number): string {
  if (Number.isSafeInteger(number)) return String(number)
  const below = Math.floor(number)
  const rest = number - below
  const rounded = rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1
  return rounded === 0 && number < 0 ? "-0" : String(BigInt(rounded))
}

/** How long a record that is accessed now is kept, in milliseconds; zero or less: the session is over. */
export function timeToLive(idle: number, slack: number, absolute: number, nowMs: number): number {
  return Math.floor(Math.min(idle + slack, absolute - nowMs - 1))
}

/** Whether a verifier is among those offered, which are one text, a space around each. */
export function isOffered(verifier: string, offered: string): boolean {
  return offered.includes(` ${verifier} `)
}

/** Which of the record's secrets is among the offered verifiers. */
export function admit(head: Head, nowMs: number, offered: string): "current" | "grace" | undefined {
  if (isOffered(head.verifier, offered)) return "current"
  return head.previous !== undefined && head.previous.until > nowMs && isOffered(head.previous.verifier, offered) ? "grace" : undefined
}

/** Whether a change is among the last four. */
export function wasApplied(operations: string, operation: string): boolean {
  for (let at = 0; at <= 18; at += 6) if (operations.slice(at, at + 6) === operation) return true
  return false
}

export function pushOperation(operations: string, operation: string): string {
  return operation + operations.slice(0, 18)
}

/** Text as Lua's `tonumber` reads it, but for infinity and what is no number, which C reads too. */
export function luaNumber(text: string | undefined): number | undefined {
  // C's text ends at a zero byte, and its white space is only this.
  const trimmed = /^[ \t-\r]*([^\0]*?)[ \t-\r]*(?:\0|$)/s.exec(text ?? "")?.[1] ?? ""
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return Number(trimmed)
  const [, sign, digits] = /^([+-]?)(0x[\da-f]+)$/i.exec(trimmed) ?? []
  return digits === undefined ? undefined : Number(digits) * (sign === "-" ? -1 : 1)
}

/** A list's time to live only grows. */
export function keepIndex(keys: Keyspace, index: string, absoluteMs: number, memoryMicros: number): void {
  const at = Math.ceil(absoluteMs + memoryMicros / 1_000)
  keys.pexpireAt(index, at, "NX")
  keys.pexpireAt(index, at, "GT")
}
