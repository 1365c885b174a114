import { hash, randomFillSync } from "node:crypto"

// One call to the system for many tickets: a pool of 4 KiB is many times cheaper than a call for each.
const pool = Buffer.allocUnsafe(4096)
let used = pool.length

function randomText(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString("base64url", used, used + bytes)
  // What was handed out must not lie around in memory.
  pool.fill(0, used, used + bytes)
  used += bytes
  return text
}

/** 128 random bits: 22 characters. */
export const newSessionId = (): string => randomText(16)
/** 256 random bits: 43 characters. */
export const newSecret = (): string => randomText(32)
/** 36 random bits: 6 characters. */
export const newOperationId = (): string => randomText(5).slice(0, 6)
/** The shard tag of somebody without a user id. */
export const newTag = (): string => randomText(2)

/** Where a user's sessions lie: a tag of 16 bits, which several users share, and 132 bits of a hash that names the user's list. No byte of the user id gets into a key. */
export class UserKey {
  readonly tag: string
  readonly user: string

  constructor(tag: string, user: string) {
    this.tag = tag
    this.user = user
  }
}

export function userKey(userId: string): UserKey {
  const digest = hash("sha256", userId, "base64url")
  // Two bytes end in the middle of the third character: its last two bits are none of theirs.
  return new UserKey(digest.slice(0, 2) + BASE64URL[BASE64URL.indexOf(digest.charAt(2)) & ~3], digest.slice(0, 22))
}

const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
