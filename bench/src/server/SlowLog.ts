import { Redis } from "ioredis"

/** Microseconds: what is shorter is not looked at. */
const SLOW = 100
const ENTRIES = 100_000

export interface SlowCommand {
  readonly name: string
  readonly ms: number
}

/** Which commands of a server took long, over a connection of its own. */
export class SlowLog {
  readonly #client: Redis

  constructor(url: string) {
    this.#client = new Redis(url)
    // What breaks shows in the call that waits for it.
    this.#client.on("error", () => undefined)
  }

  async begin(): Promise<void> {
    await this.#client.config("SET", "slowlog-max-len", ENTRIES, "slowlog-log-slower-than", SLOW)
    await this.#client.slowlog("RESET")
  }

  async end(): Promise<readonly SlowCommand[]> {
    await this.#client.config("SET", "slowlog-log-slower-than", -1)
    const entries = (await this.#client.slowlog("GET", ENTRIES)) as readonly (readonly [id: number, time: number, micros: number, command: readonly string[]])[]
    return entries.map(([, , micros, [name = "?"]]) => ({ name, ms: micros / 1_000 }))
  }

  close(): void {
    this.#client.disconnect()
  }
}

/** Of the longest of some commands, in milliseconds; 0 for none. */
export function longestOf(commands: readonly SlowCommand[]): number {
  return Math.max(0, ...commands.map(({ ms }) => ms))
}
