import type { Random } from "../workloads/random.js"
import type { Call, Planted } from "./operation.js"
import { pick } from "./records.js"

const HOLDERS = ["A".repeat(22), "B".repeat(22), "C".repeat(22)] as const
/** Capacity and period in microseconds. */
const LIMITS = [
  ["1", "1000"],
  ["3", "20000"],
  ["3", "60000000"],
  ["8", "400000"],
] as const
const LETTERS = ["g", "l", "c", "f"] as const

export const RATE_KEYS = ["rate:{s}:g", "rate:{s}:l", "rate:{s}:c", "rate:{s}:f", "rate:{s}:s"] as const

/** Calls of rate limits on a few records, and what may lie under their keys. */
export class RateCalls {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** One call or several, each for a few records; calls may meet in a record, as those of one turn do. */
  take(): Call {
    const calls = Array.from({ length: 1 + this.#random(3) }, () => this.#shown())
    const keys = calls.flat()
    const args = calls.flatMap((call) => call.map((key, at) => this.#claim(key, at < call.length - 1)))
    return { name: "rate-take", keys, args }
  }

  #shown(): readonly string[] {
    const shown = RATE_KEYS.slice(0, 4).filter(() => this.#random(3) === 0)
    return shown.length === 0 ? [this.#key()] : shown
  }

  #claim(key: string, more: boolean): string {
    const [letter, capacity, period] = this.#rule(key)
    const cost = capacity === "1" ? "1" : pick(this.#random, ["1", "1", "1", "2"])
    return [letter, capacity, period, cost, pick(this.#random, ["0", "0", "1"]), more ? "1" : "0"].join(" ")
  }

  other(): Call {
    const key = this.#key()
    const rule = this.#rule(key)
    switch (this.#random(4)) {
      case 0:
        return { name: "rate-look", keys: [key], args: rule }
      case 1:
        return { name: "rate-block", keys: [key], args: [...rule, pick(this.#random, ["500", "3000", "60000000"])] }
      default:
        return {
          name: "rate-adjust",
          keys: [key],
          args: [...rule, pick(this.#random, ["-1", "-2", "-1", "1", "2"]), pick(this.#random, ["", "", "1790000000000000"])],
        }
    }
  }

  lease(): Call {
    const keys = [RATE_KEYS[4]]
    const limit = pick(this.#random, LIMITS)
    const holder = pick(this.#random, HOLDERS)
    if (this.#random(5) === 0) return { name: "rate-look", keys, args: ["s", ...limit] }
    if (this.#random(4) === 0) return { name: "rate-release", keys, args: [...limit, holder] }
    return { name: "rate-lease", keys, args: [...limit, holder, pick(this.#random, ["0", "0", "1"])] }
  }

  /** Another type, nothing of ours, another algorithm's, cut off, or from before the clock was set back. */
  plant(): Planted {
    const later = "1999999999000000"
    const texts = [
      "",
      "g",
      "no record",
      `g${later}`,
      `g${"0".repeat(16)}${later}`,
      `l${"0".repeat(16)}${later}${later}1`,
      `c${"0".repeat(16)}${later}00000020000001`,
    ] as const
    const value = pick(this.#random, [...texts, `s${"0".repeat(16)}${HOLDERS[0]}${later}`])
    const contents =
      this.#random(6) === 0
        ? ({ kind: "zset", members: [{ member: "m", score: 1 }], expiresAt: undefined } as const)
        : ({ kind: "string", value, expiresAt: undefined } as const)
    return { key: pick(this.#random, RATE_KEYS), contents }
  }

  #key(): string {
    return pick(this.#random, RATE_KEYS)
  }

  /** Mostly the algorithm that the key is for. */
  #rule(key: string): readonly string[] {
    const own = key.slice(-1)
    return [own === "s" || this.#random(20) === 0 ? pick(this.#random, LETTERS) : own, ...pick(this.#random, LIMITS)]
  }
}
