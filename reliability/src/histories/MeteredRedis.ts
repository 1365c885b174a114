import { Command, Redis } from "ioredis"
import { realScripts } from "../differential/real-scripts.js"
import { type CommandCpu, cpuBetween } from "./server-cpu.js"

const SCRIPTS = ["evalsha", "eval"]

/**
 * A client that asks right before and right after each script what the server has used of its processor. The three are one transaction: nobody else's command
 * comes in between.
 */
export class MeteredRedis extends Redis {
  readonly #names: ReadonlyMap<string, string>
  readonly #measured: Promise<CommandCpu | undefined>[] = []

  private constructor({ hostname, port }: URL, names: ReadonlyMap<string, string>) {
    super({ host: hostname, port: Number(port), lazyConnect: true })
    this.#names = names
    this.on("error", () => undefined)
  }

  static async open(url: string): Promise<MeteredRedis> {
    const names = [...(await realScripts()).values()].flatMap(({ name, sha1, source }) => [[sha1, name] as const, [source, name] as const])
    const client = new MeteredRedis(new URL(url), new Map(names))
    await client.connect()
    return client
  }

  override sendCommand(command: Command, stream?: Parameters<Redis["sendCommand"]>[1]): unknown {
    if (!SCRIPTS.includes(command.name.toLowerCase())) return super.sendCommand(command, stream)
    this.#measured.push(this.#measure(command))
    return command.promise
  }

  /** What each script used that was answered since it was asked for last. */
  async take(): Promise<readonly CommandCpu[]> {
    const measured = await Promise.all(this.#measured.splice(0))
    return measured.filter((one) => one !== undefined)
  }

  /** Answers the command with what its copy in the transaction was answered. One that failed is not measured: the server may not have known the script. */
  async #measure(command: Command): Promise<CommandCpu | undefined> {
    const sent = [
      this.call("MULTI"),
      this.call("INFO", "cpu"),
      super.sendCommand(new Command(command.name, command.args)),
      this.call("INFO", "cpu"),
      this.call("EXEC"),
    ]
    try {
      const [before, answer, after] = (await Promise.all(sent)).at(-1) as [string, unknown, string]
      if (answer instanceof Error) throw answer
      command.resolve(answer)
      return { name: this.#names.get(String(command.args[0])) ?? "another script", ms: cpuBetween(before, after) }
    } catch (error) {
      command.reject(error as Error)
      return undefined
    }
  }
}
