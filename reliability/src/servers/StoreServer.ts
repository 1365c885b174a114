import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { endingWithUs } from "../ending-with-us.js"
import { freePort } from "./free-port.js"
import { connectPlain } from "./plain-client.js"

export const SERVER_KINDS = ["redis", "valkey"] as const
export type ServerKind = (typeof SERVER_KINDS)[number]

export interface ServerOptions {
  /** Options of the server, over the defaults; by name, without the dashes. */
  readonly config?: Readonly<Record<string, string | number>>
  /** The lines of a Sentinel's file; without them it is a store. */
  readonly sentinel?: readonly string[]
  /** Environment variables beside our own. */
  readonly environment?: Readonly<Record<string, string>>
}

const START_DEADLINE_MS = 20_000
const STOP_DEADLINE_MS = 5_000
const START_ATTEMPTS = 5

const running = new Set<StoreServer>()
process.on("exit", () => {
  for (const server of running) server.endAtOnce()
})

/** A Redis or Valkey server or Sentinel of our own, in a folder of its own, on a free port of the loopback. Keeps nothing on disk unless it is told to. */
export class StoreServer implements AsyncDisposable {
  readonly kind: ServerKind
  readonly port: number
  /** Where it keeps its data and its log. Removed by `stop`. */
  readonly folder: string
  readonly #options: ServerOptions
  #child: ChildProcess | undefined
  #version = "?"

  private constructor(kind: ServerKind, port: number, options: ServerOptions) {
    this.kind = kind
    this.port = port
    this.#options = options
    this.folder = mkdtempSync(join(tmpdir(), `coatcheck-reliability-${kind}-`))
    running.add(this)
  }

  /** @returns the server, which answers. @throws with the end of its log when it does not start */
  static async start(kind: ServerKind, options: ServerOptions = {}): Promise<StoreServer> {
    for (let attempt = 1; ; attempt++) {
      const server = new StoreServer(kind, await freePort(), options)
      try {
        await server.startAgain()
        return server
      } catch (error) {
        await server.stop()
        // Somebody else may have taken the port since it was found free.
        if (attempt === START_ATTEMPTS) throw error
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** As the server itself tells it. */
  get version(): string {
    return this.#version
  }

  /** Of the process that runs now. */
  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`Expected ${this.kind}-server to run, got one that was ended`)
    return pid
  }

  /** Starts the process, again on the same port and in the same folder after `kill`. */
  async startAgain(): Promise<void> {
    const environment = Object.entries(this.#options.environment ?? {}).map(([name, value]) => `${name}=${value}`)
    const command = [...(environment.length === 0 ? [] : ["env", ...environment]), `${this.kind}-server`, ...this.#arguments()]
    const [program = "", ...args] = endingWithUs(command)
    // In a process group of its own, so that Ctrl-C reaches it through us, after the workers.
    const child = spawn(program, args, { stdio: "ignore", detached: true })
    // Without a listener a missing program would end us instead of failing this start.
    child.on("error", () => undefined)
    this.#child = child
    await this.#waitUntilItAnswers(child)
  }

  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void {
    process.kill(this.pid, "SIGSTOP")
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT")
  }

  /** SIGKILL. The folder stays. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL")
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM")
    this.#forget()
  }

  /** For the moment when nothing can be waited for any more. */
  endAtOnce(): void {
    this.#child?.kill("SIGKILL")
    this.#forget()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #arguments(): readonly string[] {
    const place = { port: this.port, bind: "127.0.0.1", dir: this.folder, logfile: join(this.folder, "server.log") }
    if (this.#options.sentinel !== undefined) return [this.#sentinelFile(place, this.#options.sentinel), "--sentinel"]
    const options = { ...place, save: "", appendonly: "no", ...this.#options.config }
    return Object.entries(options).flatMap(([name, value]) => [`--${name}`, ...String(value).split(" ")])
  }

  // A Sentinel writes what it learns into its file, and starts with nothing else.
  #sentinelFile(place: Readonly<Record<string, string | number>>, lines: readonly string[]): string {
    const file = join(this.folder, "sentinel.conf")
    if (!existsSync(file)) writeFileSync(file, `${[...Object.entries(place).map(([name, value]) => `${name} ${value}`), ...lines].join("\n")}\n`)
    return file
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child
    if (child?.pid !== undefined && !hasEnded(child)) {
      const ended = once(child, "exit")
      child.kill(signal)
      // A stopped process takes SIGTERM only after it goes on.
      child.kill("SIGCONT")
      const last = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS)
      await ended
      clearTimeout(last)
    }
    this.#child = undefined
  }

  #forget(): void {
    running.delete(this)
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #waitUntilItAnswers(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS
    while (Date.now() < deadline && child.pid !== undefined && !hasEnded(child)) {
      const info = await askInfo(this.url).catch(() => "")
      const version = /^valkey_version:(\S+)/m.exec(info) ?? /^redis_version:(\S+)/m.exec(info)
      if (version?.[1] !== undefined && !hasEnded(child)) {
        this.#version = version[1]
        return
      }
      await pause(20)
    }
    throw new Error(`Expected ${this.kind}-server to answer, got none within ${START_DEADLINE_MS} ms or an early end.\n${this.#log()}`)
  }

  #log(): string {
    const file = join(this.folder, "server.log")
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-5).join("\n") : `Is ${this.kind}-server installed? (npm run servers)`
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function askInfo(url: string): Promise<string> {
  const client = await connectPlain(url)
  try {
    return await client.info("server")
  } finally {
    client.destroy()
  }
}
