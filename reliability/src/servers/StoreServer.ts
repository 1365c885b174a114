import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { connectPlain } from "./plain-client.js"

export const SERVER_KINDS = ["redis", "valkey"] as const
export type ServerKind = (typeof SERVER_KINDS)[number]

const START_DEADLINE_MS = 20_000
const STOP_DEADLINE_MS = 5_000
const START_ATTEMPTS = 5

// A process that is killed outright runs no exit hook; then the kernel ends the server, because setpriv asked it to.
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path))
const running = new Set<StoreServer>()
process.on("exit", () => {
  for (const server of running) server.endAtOnce()
})

/** A Redis or Valkey server of our own, in a folder of its own, on a free port of the loopback. Nothing is kept on disk. */
export class StoreServer implements AsyncDisposable {
  readonly kind: ServerKind
  readonly #port: number
  readonly #folder: string
  readonly #child: ChildProcess
  #version = "?"

  private constructor(kind: ServerKind, port: number) {
    this.kind = kind
    this.#port = port
    this.#folder = mkdtempSync(join(tmpdir(), `coatcheck-reliability-${kind}-`))
    const options = { port, bind: "127.0.0.1", save: "", appendonly: "no", dir: this.#folder, logfile: join(this.#folder, "server.log") }
    const command = [`${kind}-server`, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])]
    const [program = "", ...args] = SETPRIV === undefined ? command : [SETPRIV, "--pdeathsig", "KILL", ...command]
    // In a process group of its own, so that Ctrl-C reaches it through us, after the workers.
    this.#child = spawn(program, args, { stdio: "ignore", detached: true })
    // Without a listener a missing program would end us instead of failing this start.
    this.#child.on("error", () => undefined)
    running.add(this)
  }

  /** @returns the server, which answers. @throws with the end of its log when it does not start */
  static async start(kind: ServerKind): Promise<StoreServer> {
    for (let attempt = 1; ; attempt++) {
      const server = new StoreServer(kind, await freePort())
      try {
        await server.#waitUntilItAnswers()
        return server
      } catch (error) {
        await server.stop()
        // Somebody else may have taken the port since it was found free.
        if (attempt === START_ATTEMPTS) throw error
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`
  }

  /** As the server itself tells it. */
  get version(): string {
    return this.#version
  }

  async stop(): Promise<void> {
    if (this.#child.pid !== undefined && !this.#hasEnded()) {
      const ended = once(this.#child, "exit")
      this.#child.kill("SIGTERM")
      const last = setTimeout(() => this.#child.kill("SIGKILL"), STOP_DEADLINE_MS)
      await ended
      clearTimeout(last)
    }
    this.#forget()
  }

  /** For the moment when nothing can be waited for any more. */
  endAtOnce(): void {
    this.#child.kill("SIGKILL")
    this.#forget()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #forget(): void {
    running.delete(this)
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #waitUntilItAnswers(): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS
    while (Date.now() < deadline && this.#child.pid !== undefined && !this.#hasEnded()) {
      const info = await askInfo(this.url).catch(() => "")
      const version = /^valkey_version:(\S+)/m.exec(info) ?? /^redis_version:(\S+)/m.exec(info)
      if (version?.[1] !== undefined && !this.#hasEnded()) {
        this.#version = version[1]
        return
      }
      await pause(20)
    }
    throw new Error(`Expected ${this.kind}-server to answer, got none within ${START_DEADLINE_MS} ms or an early end.\n${this.#log()}`)
  }

  #log(): string {
    const file = join(this.#folder, "server.log")
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n").slice(-5).join("\n") : `Is ${this.kind}-server installed? (npm run servers)`
  }
}

async function askInfo(url: string): Promise<string> {
  const client = await connectPlain(url)
  try {
    return await client.info("server")
  } finally {
    client.destroy()
  }
}

async function freePort(): Promise<number> {
  const listener = createServer()
  listener.listen(0, "127.0.0.1")
  await once(listener, "listening")
  const address = listener.address()
  listener.close()
  await once(listener, "close")
  if (address === null || typeof address === "string") throw new Error("Expected the listener to have a port")
  return address.port
}
