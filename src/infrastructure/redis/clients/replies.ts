import { SessionError } from "../../../domain/errors.js"
import type { RedisReply } from "../../../domain/interfaces/redis/IRedisService.js"

/**
 * Brings a reply into one form, whatever the client made of it: bytes become text, booleans and big integers numbers where those are exact.
 *
 * @param numbersAsText - the client gives integers as strings and everything else as bytes, so that a string must have been an integer
 * @throws ERR_STORE_PROTOCOL for a value that none of this library's commands answers
 */
export function normaliseReply(reply: unknown, numbersAsText = false): RedisReply {
  if (typeof reply === "string") return numbersAsText ? exactNumber(reply) : reply
  if (typeof reply === "number" || reply === null) return reply
  if (reply instanceof Uint8Array) return Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength).toString("utf8")
  if (Array.isArray(reply)) return reply.map((item) => normaliseReply(item, numbersAsText))
  if (typeof reply === "bigint") return exactNumber(reply.toString())
  if (typeof reply === "boolean") return reply ? 1 : 0
  if (reply instanceof String) return String(reply)
  throw unexpectedReply("text, a number, nothing, or a list of them")
}

/** A string that may be missing. @throws ERR_STORE_PROTOCOL */
export function textOrNull(reply: unknown): string | null {
  const value = normaliseReply(reply)
  if (value === null || typeof value === "string") return value
  // A client may have been told to read numeric text as numbers; what it means is still the text.
  if (typeof value === "number") return String(value)
  throw unexpectedReply("text or nothing")
}

/** An integer, also where the client gives integers as text. @throws ERR_STORE_PROTOCOL */
export function integer(reply: unknown): number {
  const value = Number(normaliseReply(reply) ?? Number.NaN)
  if (!Number.isSafeInteger(value)) throw unexpectedReply("an integer")
  return value
}

/** A list of a certain length, or of any. @throws ERR_STORE_PROTOCOL */
export function list(reply: unknown, length?: number): readonly unknown[] {
  if (!Array.isArray(reply) || (length !== undefined && reply.length !== length)) throw unexpectedReply(length === undefined ? "a list" : `a list of ${length}`)
  return reply
}

function exactNumber(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) && String(number) === text ? number : text
}

function unexpectedReply(what: string): SessionError {
  return new SessionError(
    "ERR_STORE_PROTOCOL",
    `Expected the store to answer ${what}, got something else. Is there a proxy, or another program, between this process and the server?`,
  )
}
