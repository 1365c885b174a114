import type { Keyspace } from "../simulation/store/Keyspace.js"
import { writeHead } from "../simulation/store/record-head.js"
import { choose, type Random } from "../workloads/random.js"
import type { Call, Operation, Planted, World } from "./operation.js"
import { pick } from "./records.js"

const LIST = "list:crowd"
const PREFIX = "{crowd}:s:"
const VERIFIER = "V".repeat(22)
const HOUR_MS = 3_600_000
const HOUR_MICROS = 3_600_000_000
const OPERATIONS = "-".repeat(24)

/**
 * One user with more sessions than one step of a sign-in looks at, some over, some that do not count, and sign-ins that go from page to page. What is
 * opened together begins there, too: one alone or several, of which each is told of more and goes on by itself.
 */
export class CrowdedList implements World {
  readonly keys: readonly string[] = [LIST]
  readonly planted: readonly Planted[]
  readonly length = 60
  readonly #random: Random
  readonly #store: Keyspace
  readonly #members: number
  #made = 0
  /** Where a sign-in goes on that was told that there is more. */
  #following: { readonly call: Call; readonly from: readonly string[] } | undefined
  #last: Call | undefined

  constructor(random: Random, store: Keyspace, nowMicros: number) {
    this.#random = random
    this.#store = store
    this.#members = pick(random, [499, 500, 501, 1_000, 1_130])
    const members = Array.from({ length: this.#members }, (_, at) => ({
      member: idOf(`m${at}`),
      score: nowMicros - HOUR_MICROS + at * pick(random, [1, 1, 1, 0]),
    }))
    members.sort((a, b) => a.score - b.score || (a.member < b.member ? -1 : 1))
    const alive = pick(random, [0, 1, 4, 10, 10])
    const records = members.filter(() => random(10) < alive).map(({ member, score }) => this.#record(member, score, nowMicros))
    this.planted = [{ key: LIST, contents: { kind: "zset", members, expiresAt: undefined } }, ...records]
  }

  next(): Operation {
    const call = choose<() => Call>(this.#random, [
      [8, () => this.#signIn()],
      [1, () => ({ name: "session-delete", keys: [this.#session()], args: ["", "", "", ` ${VERIFIER} `] })],
      [1, () => ({ name: "index-page", keys: [LIST], args: [pick(this.#random, ["REV", "FWD"]), "-inf", "+inf", "500"] })],
      [1, () => this.#prune()],
    ])()
    this.#last = call
    return call
  }

  answered(reply: unknown): void {
    const call = this.#last
    if (call?.name !== "session-create" && call?.name !== "session-creates") return
    const own: unknown = call.name === "session-creates" && Array.isArray(reply) ? reply[1] : reply
    const [status, , ...from] = Array.isArray(own) ? (own as readonly unknown[]) : []
    this.#following = status === 5 ? { call, from: from.slice(0, 4).map(String) } : undefined
  }

  #signIn(): Call {
    const { call, from } = this.#following ?? {}
    if (call !== undefined && from !== undefined) {
      return { name: "session-create", keys: call.keys.slice(0, 2), args: [...call.args.slice(0, 4), ...from] }
    }
    this.#made += 1
    const limit = pick(this.#random, ["1", "1", "3", "300", "600", String(this.#members), "5000"])
    const memory = this.#memory()
    const replaces = this.#random(3) === 0 ? idOf(`m${this.#random(this.#members)}`) : "-"
    const onLimit = this.#random(6) === 0 ? "reject" : "evict-oldest"
    const terms = ["2", memory, "60000", "0", String(HOUR_MS), limit, onLimit, "now", replaces].join(" ")
    const first = [terms, String(this.#store.nowMicros + 1e9), VERIFIER, '"userId":"c","body":["{}","1"]}']
    const keys = [PREFIX + idOf(`new${this.#made}`), LIST]
    if (this.#random(2) === 0) return { name: "session-create", keys, args: [...first, "", "0", "", ""] }
    const others = Array.from({ length: this.#random(3) }, (_, at) => [PREFIX + idOf(`new${this.#made}.${at}`), LIST])
    return { name: "session-creates", keys: [keys, ...others].flat(), args: [keys, ...others].flatMap(() => first) }
  }

  #prune(): Call {
    const ids = Array.from({ length: 100 }, () => idOf(`m${this.#random(this.#members)}`))
    return { name: "index-prune", keys: [LIST, ...ids.map((id) => PREFIX + id)], args: [this.#memory(), String(ids.length)] }
  }

  /** Mostly one that remembers all: a list that forgets is not crowded any more after a look. */
  #memory(): string {
    return this.#random(5) === 0 ? "1000" : String(2 * HOUR_MICROS)
  }

  #session(): string {
    return PREFIX + idOf(`m${this.#random(this.#members)}`)
  }

  #record(id: string, created: number, nowMicros: number): Planted {
    const now = Math.floor(nowMicros / 1_000)
    const authenticated = (this.#random(5) === 0 ? "null" : String(now)).padStart(13)
    const head = { idle: HOUR_MS, slack: 0, absolute: now + HOUR_MS, created, authenticated }
    const value = `${writeHead(head, now, 1, OPERATIONS, VERIFIER)}"userId":"c","body":["{}","1"]}`
    return { key: PREFIX + id, contents: { kind: "string", value, expiresAt: now + HOUR_MS } }
  }
}

/** As long as scripts expect it. */
function idOf(name: string): string {
  return name.padEnd(22, "-")
}
