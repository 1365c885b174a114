import { Redis } from "ioredis"
import { addWork, NO_WORK, readServerInfo, type ServerWork, workBetween } from "./server-info.js"

/** Says what servers do meanwhile, all in all, over connections of its own. */
export class ServerMeter implements AsyncDisposable {
  readonly #clients: readonly Redis[]

  constructor(...urls: readonly string[]) {
    this.#clients = urls.map((url) => new Redis(url))
    // What breaks shows in the call that waits for it.
    for (const client of this.#clients) client.on("error", () => undefined)
  }

  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly server: ServerWork }> {
    const before = await this.#look()
    const result = await work()
    const after = await this.#look()
    const each = after.map((now, at) => workBetween(before[at] ?? NO_WORK, now))
    return { result, server: each.reduce(addWork, NO_WORK) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect()
  }

  #look(): Promise<ServerWork[]> {
    return Promise.all(this.#clients.map(async (client) => readServerInfo(await client.info("cpu", "stats", "commandstats"))))
  }
}
