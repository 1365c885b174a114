import { createHash } from "node:crypto"
import type { StoreServer } from "../servers/StoreServer.js"
import type { Contents } from "./contents.js"
import { isRefusal, RawConnection, type RawReply } from "./RawConnection.js"

/** What a command came to on the server, and what lay under some keys right after it, all at one instant of the server's clock. */
export interface Observation {
  readonly nowMicros: number
  readonly reply: RawReply
  readonly contents: ReadonlyMap<string, Contents>
}

// One reader for all keys: what it costs is the round trip.
const READER = `#!lua flags=no-writes
local found = {}
for at, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  local value = kind == 'string' and redis.call('GET', key) or kind == 'zset' and redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') or ''
  found[at] = { kind, redis.call('PEXPIRETIME', key), value }
end
return found`
const READER_SHA1 = createHash("sha1").update(READER).digest("hex")

/** The store that has the real scripts. Each step is a transaction, within which the server's clock stands still. */
export class RealStore {
  readonly #connection: RawConnection

  private constructor(connection: RawConnection) {
    this.#connection = connection
  }

  /** @param sources the scripts that will be called */
  static async open(server: StoreServer, sources: readonly string[]): Promise<RealStore> {
    const connection = await RawConnection.open(server.port)
    await connection.send([READER, ...sources].map((source) => ["SCRIPT", "LOAD", source]))
    return new RealStore(connection)
  }

  /** Carries out a command, and looks at keys. */
  async carryOut(command: readonly string[], keys: readonly string[]): Promise<Observation> {
    const sent = await this.#connection.send([["MULTI"], command, ["EVALSHA", READER_SHA1, String(keys.length), ...keys], ["TIME"], ["EXEC"]])
    const [reply = null, found = null, time = null] = transaction(sent.at(-1))
    const [seconds, micros] = list(time)
    const contents = list(found).map((one, at) => [keys[at] ?? "", contentsOf(list(one))] as const)
    return { nowMicros: Number(seconds) * 1_000_000 + Number(micros), reply, contents: new Map(contents) }
  }

  /** Carries out commands whose replies matter to nobody, but for errors. */
  async prepare(commands: readonly (readonly string[])[]): Promise<void> {
    const refused = (await this.#connection.send(commands)).find(isRefusal)
    if (refused !== undefined) throw new Error(`Expected the server to take what was prepared, got ${refused.refusal}`)
  }

  /** The keys that are alive, and the instant at which they were. */
  async allKeys(): Promise<{ readonly nowMicros: number; readonly keys: readonly string[] }> {
    const { nowMicros, reply } = await this.carryOut(["KEYS", "*"], [])
    return { nowMicros, keys: list(reply).map(text) }
  }

  close(): void {
    this.#connection.close()
  }
}

function transaction(reply: RawReply | undefined): readonly RawReply[] {
  if (reply === undefined || reply === null || isRefusal(reply)) throw new Error(`Expected the replies of a transaction, got ${JSON.stringify(reply)}`)
  return list(reply)
}

function list(reply: RawReply | undefined): readonly RawReply[] {
  if (!Array.isArray(reply)) throw new Error(`Expected a list, got ${JSON.stringify(reply)}`)
  return reply as readonly RawReply[]
}

function text(reply: RawReply | undefined): string {
  if (typeof reply !== "string") throw new Error(`Expected text, got ${JSON.stringify(reply)}`)
  return reply
}

function contentsOf([kind, expiresAt, value]: readonly RawReply[]): Contents {
  const at = Number(expiresAt) < 0 ? undefined : Number(expiresAt)
  if (kind === "string") return { kind, value: text(value), expiresAt: at }
  if (kind !== "zset") return { kind: "none" }
  const flat = list(value)
  const members = flat.flatMap((member, place) => (place % 2 === 0 ? [{ member: text(member), score: Number(flat[place + 1]) }] : []))
  return { kind, members, expiresAt: at }
}
