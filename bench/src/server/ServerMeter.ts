import { Redis } from "ioredis"
import { readServerInfo, type ServerWork, workBetween } from "./server-info.js"

/** Says what a server does meanwhile, over a connection of its own. */
export class ServerMeter implements AsyncDisposable {
  readonly #client: Redis

  constructor(url: string) {
    this.#client = new Redis(url)
    // What breaks shows in the call that waits for it.
    this.#client.on("error", () => undefined)
  }

  async during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly server: ServerWork }> {
    const before = await this.#look()
    const result = await work()
    return { result, server: workBetween(before, await this.#look()) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.disconnect()
  }

  async #look(): Promise<ServerWork> {
    return readServerInfo(await this.#client.info("cpu", "commandstats"))
  }
}
