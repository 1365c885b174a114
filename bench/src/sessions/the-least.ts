import { createHash, randomBytes } from "node:crypto"
import { entryAt, shuffled } from "./order.js"
import { type Payload, payloadOf, userName } from "./payload.js"
import type { RawClient } from "./raw-client.js"
import { isThere, type SessionRows } from "./session-case.js"
import type { ClientSettings } from "./session-settings.js"
import { signingIn, type UserKeys } from "./signing-in.js"
import { Traveling } from "./Traveling.js"

/** As many as ours go together. */
const READ_TOGETHER = 32
const CHANGED_TOGETHER = 16

const CREATE = `local time = redis.call('TIME')
local now, done = time[1] * 1000000 + time[2], 0
for i = 1, #KEYS, 2 do
  if #redis.call('ZRANGE', KEYS[i + 1], 0, 7) < 10 and redis.call('SET', KEYS[i], ARGV[i + 1], 'NX', 'PX', 86400000) then
    redis.call('ZADD', KEYS[i + 1], now + i, ARGV[i])
    redis.call('PEXPIREAT', KEYS[i + 1], math.floor(now / 1000) + 2592000000, 'GT')
    done = done + 1
  end
end
return done`

/** Compares whose session it is, in place of a version. */
const UPDATE = `local done = 0
for i = 1, #KEYS do
  local head = redis.call('GETRANGE', KEYS[i], 0, 23)
  if head == string.sub(ARGV[i], 1, 24) then
    redis.call('SET', KEYS[i], ARGV[i], 'KEEPTTL')
    done = done + 1
  end
end
return done`

/**
 * The least that could be called a session in one round trip a call, on bare JSON: what is asked for in one turn travels together, a secret is hashed, JSON is parsed and written, a list is kept. No
 * deadline, no circuit breaker, no proof, no version, no repetition of what was lost, no checksum, no dates; nothing is told apart. What lies between this and ours is what a session needs beside it;
 * what lies between this and the raw commands cannot be won by any library of this shape.
 */
export async function theLeast({ raw, client, names: keys, bytes, ms }: ClientSettings): Promise<SessionRows> {
  const order = shuffled(keys.length)
  const load = async (script: string): Promise<string> => String(await raw.send("SCRIPT", "LOAD", script))
  const [creating, updating] = [await load(CREATE), await load(UPDATE)]
  const traveling = new Traveling()
  const fetch = traveling.batch(READ_TOGETHER, (some: readonly string[]) => (some.length === 1 ? Promise.all(some.map(raw.get)) : raw.mget(some)))
  const changed = (sha1: string) => async (some: readonly Change[]) => {
    const done = Number(await evaluate(raw, sha1, some))
    if (done !== some.length) throw new Error(`Expected ${some.length} changes to be made, got ${done}`)
    return some.map(() => true)
  }
  const create = traveling.batch(CHANGED_TOGETHER, changed(creating))
  const update = traveling.batch(CHANGED_TOGETHER, changed(updating))
  const read = async (key: string): Promise<Payload | null> => {
    hashOf(key)
    const text = await fetch(key)
    return text === null ? null : (JSON.parse(text) as Payload)
  }
  const keysOf = (userId: string): UserKeys => ({ list: `least_list:{${client}:${userId}}`, sessions: `least:{${client}:${userId}}.` })
  const open = (user: number): Promise<unknown> => {
    const payload = payloadOf(user, bytes)
    const [id, verifier] = [randomBytes(16).toString("base64url"), hashOf(randomBytes(32).toString("base64url"))]
    const { list, sessions } = keysOf(payload.userId)
    return create({ keys: [`${sessions}${id}`, list], args: [id, JSON.stringify({ verifier, ...payload })] })
  }
  return {
    read: { name: "the least that a read could be", work: { call: (at) => read(entryAt(keys, order, at)), isRight: isThere } },
    create: {
      name: "the least that a creation could be",
      work: signingIn(open, { raw, ms, keysOf: (user) => keysOf(userName(user)), lay: open }),
    },
    update: {
      name: "the least that an update could be",
      work: {
        call: async (at) => {
          const key = entryAt(keys, order, at)
          const session = await read(key)
          if (session !== null) await update({ keys: [key], args: [JSON.stringify({ ...session, attributes: { ...session.attributes, views: at } })] })
          return session
        },
        isRight: isThere,
      },
    },
  }
}

interface Change {
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

function evaluate(raw: RawClient, sha1: string, some: readonly Change[]): Promise<unknown> {
  const keys = some.flatMap((one) => one.keys)
  return raw.send("EVALSHA", sha1, String(keys.length), ...keys, ...some.flatMap(({ args }) => args))
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url")
}
