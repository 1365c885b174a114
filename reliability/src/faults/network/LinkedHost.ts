import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const RELAY = fileURLToPath(new URL("./relay.js", import.meta.url))
const STARTS_MS = 10_000

let hosts = 0

/**
 * A network namespace with one link to this machine, and in it a relay to a server here: to a client it looks like a server on another host. While
 * the link is down, packets vanish without a reset. Needs root.
 */
export class LinkedHost implements AsyncDisposable {
  readonly #space: string
  readonly #here: string
  readonly #there: string
  readonly #address: string
  #relay: ChildProcess | undefined
  #port = 0

  private constructor(number: number) {
    this.#space = `coat${process.pid}-${number}`
    // Names of links have 15 characters at most.
    this.#here = `ch${process.pid}h${number}`
    this.#there = `ch${process.pid}t${number}`
    this.#address = `10.213.${process.pid % 250}.${(number * 4) % 250}`
  }

  /** Makes the link. `lead` then says where to. */
  static async start(): Promise<LinkedHost> {
    removeForsaken()
    hosts += 1
    const host = new LinkedHost(hosts)
    try {
      host.#link()
      return host
    } catch (error) {
      await host.stop()
      throw error
    }
  }

  /** This machine's address on the link, which nobody else can reach. */
  get here(): string {
    return this.#at(1)
  }

  /** @param port of the server, which must listen on `here` */
  async lead(port: number): Promise<void> {
    await this.#startRelay(port)
  }

  get url(): string {
    return `redis://${this.#at(2)}:${this.#port}`
  }

  cut(): void {
    this.#inside("ip", "link", "set", this.#there, "down")
  }

  mend(): void {
    this.#inside("ip", "link", "set", this.#there, "up")
  }

  async stop(): Promise<void> {
    const relay = this.#relay
    if (relay !== undefined && relay.exitCode === null && relay.signalCode === null) {
      const ended = once(relay, "exit")
      relay.kill("SIGKILL")
      await ended
    }
    // The link goes with the namespace that holds its other end.
    for (const args of [
      ["netns", "del", this.#space],
      ["link", "del", this.#here],
    ]) {
      try {
        execFileSync("ip", args, { stdio: "ignore" })
      } catch {
        // It never came so far, or is gone already.
      }
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  #link(): void {
    const run = (...args: string[]): void => void execFileSync("ip", args, { stdio: "pipe" })
    run("netns", "add", this.#space)
    run("link", "add", this.#here, "type", "veth", "peer", "name", this.#there, "netns", this.#space)
    run("addr", "add", `${this.#at(1)}/30`, "dev", this.#here)
    run("link", "set", this.#here, "up")
    this.#inside("ip", "addr", "add", `${this.#at(2)}/30`, "dev", this.#there)
    this.#inside("ip", "link", "set", this.#there, "up")
  }

  async #startRelay(port: number): Promise<void> {
    const args = ["netns", "exec", this.#space, process.execPath, RELAY, this.#at(2), this.#at(1), String(port)]
    const relay = spawn("ip", args, { stdio: ["pipe", "pipe", "ignore"] })
    this.#relay = relay
    const lines = createInterface({ input: relay.stdout })
    const [line] = (await once(lines, "line", { signal: AbortSignal.timeout(STARTS_MS) })) as [string]
    this.#port = Number(line)
  }

  #inside(program: string, ...args: string[]): void {
    execFileSync("ip", ["netns", "exec", this.#space, program, ...args], { stdio: "pipe" })
  }

  #at(host: 1 | 2): string {
    const [a, b, c, d] = this.#address.split(".")
    return `${a}.${b}.${c}.${Number(d) + host}`
  }
}

/** A process that is killed outright removes no namespace: whoever comes next does it. The links go with them. */
function removeForsaken(): void {
  const spaces = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout ?? ""
  for (const [, space = "", pid = ""] of spaces.matchAll(/^(coat(\d+)-\d+)/gm))
    if (!existsSync(`/proc/${pid}`)) execFileSync("ip", ["netns", "del", space], { stdio: "ignore" })
}
