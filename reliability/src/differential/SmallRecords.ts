import type { Keyspace } from "../simulation/store/Keyspace.js"
import { choose, type Random } from "../workloads/random.js"
import type { Contents } from "./contents.js"
import type { Call, Operation, Planted, World } from "./operation.js"
import { CHANGES, pick } from "./records.js"

const IDS = ["one", "two", "three", "four"] as const
const HOUR_MS = 3_600_000
const DATA = ['{"cookie":{}}', '{"cookie":{},"n":1}', '{"text":"\u00c3\u00a9\u00ff\u0000"}'] as const
const MARK = '{"ended":1}'

/** A few sessions of drop-in stores, and of connect-redis before them. */
export class SmallRecords implements World {
  readonly keys: readonly string[] = IDS.flatMap((id) => [recordOf(id), oldOf(id)])
  readonly planted: readonly Planted[] = []
  readonly length = 300
  readonly #random: Random
  readonly #store: Keyspace

  /** @param store looked at to make calls that fit */
  constructor(random: Random, store: Keyspace) {
    this.#random = random
    this.#store = store
  }

  next(): Operation {
    const make = choose<() => Operation>(this.#random, [
      [20, () => this.#save()],
      [6, () => this.#touch()],
      [6, () => this.#end()],
      [10, () => this.#adopt()],
      [8, () => this.#adoptApart()],
      [4, () => ({ name: "record-old", keys: [oldOf(this.#pick(IDS))], args: [] })],
      [4, () => this.#removeOld()],
      [6, () => this.#plantRecord()],
      [8, () => this.#plantOld()],
    ])
    return make()
  }

  #save(): Call {
    const id = this.#pick(IDS)
    const args = [this.#version(id), this.#pick(CHANGES), this.#notAfter(), this.#lifetime(), this.#pick(["0", "1"]), nameOf(id), this.#pick(DATA)]
    return { name: "record-save", keys: this.#keysOf(id), args }
  }

  #touch(): Call {
    return { name: "record-touch", keys: [recordOf(this.#pick(IDS))], args: [this.#lifetime()] }
  }

  #end(): Call {
    return { name: "record-end", keys: this.#keysOf(this.#pick(IDS)), args: [this.#lifetime(), this.#pick(["0", "1"]), this.#pick(["", "", "-1", "60000"])] }
  }

  #adopt(): Call {
    const id = this.#pick(IDS)
    const found = this.#found(id)
    return { name: "record-adopt", keys: [recordOf(id), oldOf(id)], args: [found, this.#lifetime(), textOf(id, 1, found)] }
  }

  #adoptApart(): Call {
    const id = this.#pick(IDS)
    return { name: "record-adopt-apart", keys: [recordOf(id)], args: [this.#notAfter(), this.#lifetime(), textOf(id, 1, this.#found(id))] }
  }

  #removeOld(): Call {
    const id = this.#pick(IDS)
    return { name: "record-old-remove", keys: [oldOf(id)], args: [this.#pick(["", this.#found(id)])] }
  }

  /** Mostly what lies there. */
  #found(id: string): string {
    const entry = this.#store.find(oldOf(id))
    return entry?.type === "string" && this.#random(5) !== 0 ? entry.value : "{}"
  }

  #plantRecord(): Planted {
    const id = this.#pick(IDS)
    const text = textOf(id, this.#pick([1, 2, 999_999_998, 999_999_999]), this.#pick(DATA))
    const value = this.#pick([
      text,
      text,
      MARK,
      `${MARK} `,
      "",
      text.slice(0, 60),
      text.replace("data", "date"),
      text.replace("[1,", "[2,"),
      text.replace(/ \d/, " x"),
    ])
    return { key: recordOf(id), contents: this.#contents(value) }
  }

  #plantOld(): Planted {
    return { key: oldOf(this.#pick(IDS)), contents: this.#contents(this.#pick(DATA)) }
  }

  #contents(value: string): Contents {
    if (this.#random(8) === 0) return this.#random(2) === 0 ? { kind: "none" } : { kind: "zset", members: [{ member: "m", score: 1 }], expiresAt: undefined }
    const expiresAt = this.#random(3) === 0 ? undefined : this.#store.nowMs + this.#pick([30, 60_000, HOUR_MS])
    return { kind: "string", value, expiresAt }
  }

  #keysOf(id: string): readonly string[] {
    return this.#random(2) === 0 ? [recordOf(id)] : [recordOf(id), oldOf(id)]
  }

  /** Mostly the record's own. */
  #version(id: string): string {
    const entry = this.#store.find(recordOf(id))
    const version = entry?.type === "string" ? Number(entry.value.slice(13, 22)) || 0 : 0
    return this.#pick(["", String(version), String(version), String(version + 1), "1"])
  }

  #lifetime(): string {
    return this.#pick(["1", "20", "60000", "315360000000"])
  }

  /** Long past, just past, just coming or far away. */
  #notAfter(): string {
    return String(this.#store.nowMicros + this.#pick([1e6, 1e6, 1e6, 1e9, 400, 0, -1e6]))
  }

  #pick<const T extends readonly [unknown, ...unknown[]]>(all: T): T[number] {
    return pick(this.#random, all)
  }
}

function recordOf(id: string): string {
  return `{small}:record:${nameOf(id)}`
}

function oldOf(id: string): string {
  return `{small}:sess:${id}`
}

function nameOf(id: string): string {
  return id.padEnd(43, "_")
}

function textOf(id: string, version: number, data: string): string {
  return `{"record":[1,${String(version).padStart(9)},"${"------".repeat(3)}chng-1"],"name":"${nameOf(id)}","data":${data}}`
}
