import { Redis } from "ioredis"

/** Microseconds: what is shorter is not looked at. */
const SLOW = 100
const ENTRIES = 100_000
/** What whoever measures asks meanwhile: it is no part of what is measured. */
const OWN: ReadonlySet<string> = new Set(["config", "slowlog", "info", "dbsize"])

export interface SlowCommand {
  readonly name: string
  readonly ms: number
}

/** Which commands of a server took long, over a connection of its own. */
export class SlowLog {
  readonly #client: Redis
  readonly #slow: number

  /** @param slow in microseconds */
  constructor(url: string, slow = SLOW) {
    this.#slow = slow
    this.#client = new Redis(url)
    // What breaks shows in the call that waits for it.
    this.#client.on("error", () => undefined)
  }

  async begin(): Promise<void> {
    // To forget many entries takes long: nothing is logged before that is over, or it would be the longest of all.
    await this.#client.config("SET", "slowlog-max-len", ENTRIES, "slowlog-log-slower-than", -1)
    await this.#client.slowlog("RESET")
    await this.#client.config("SET", "slowlog-log-slower-than", this.#slow)
  }

  async end(): Promise<readonly SlowCommand[]> {
    await this.#client.config("SET", "slowlog-log-slower-than", -1)
    const entries = (await this.#client.slowlog("GET", ENTRIES)) as readonly (readonly [id: number, time: number, micros: number, command: readonly string[]])[]
    return entries.map(([, , micros, [name = "?"]]) => ({ name: name.toLowerCase(), ms: micros / 1_000 })).filter(({ name }) => !OWN.has(name))
  }

  close(): void {
    this.#client.disconnect()
  }
}

/** Of the longest of some commands, in milliseconds; 0 for none. */
export function longestOf(commands: readonly SlowCommand[]): number {
  return Math.max(0, ...commands.map(({ ms }) => ms))
}
