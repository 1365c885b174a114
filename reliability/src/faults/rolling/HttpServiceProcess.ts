import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { atExit } from "../../at-exit.js"
import type { Release } from "./release.js"

export interface HttpServiceOptions {
  readonly release: Release
  readonly port: number
  readonly storeUrl: string
  readonly apiKey: string
}

const STARTS_MS = 30_000
const ENDS_MS = 15_000
const STORE_TIMEOUT = "5s"

/** A process of the HTTP service. */
export class HttpServiceProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #forget: () => void
  #printed = ""

  private constructor({ release, port, storeUrl, apiKey }: HttpServiceOptions) {
    const settings = {
      COATCHECK_PORT: port,
      REDIS_URL: storeUrl,
      COATCHECK_API_KEY: apiKey,
      COATCHECK_STORE_TIMEOUT: STORE_TIMEOUT,
      COATCHECK_TOUCH_INTERVAL: "50ms",
      COATCHECK_LOG_LEVEL: "error",
    }
    const environment = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
    // In a process group of its own, so that Ctrl-C reaches it through us; and with these settings alone, because it refuses those it does not know.
    this.#child = spawn("env", ["-i", ...environment, process.execPath, release.main], { stdio: ["ignore", "pipe", "pipe"], detached: true })
    this.#child.on("error", () => undefined)
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (bytes: Buffer) => {
        this.#printed = (this.#printed + bytes.toString()).slice(-2_000)
      })
    this.#forget = atExit(() => this.#child.kill("SIGKILL"))
  }

  /** @returns when it listens; @throws with what it printed when it does not */
  static async start(options: HttpServiceOptions): Promise<HttpServiceProcess> {
    const service = new HttpServiceProcess(options)
    const deadline = performance.now() + STARTS_MS
    while (!service.#printed.includes("Try it:")) {
      if (service.#hasEnded || performance.now() > deadline) {
        await service[Symbol.asyncDispose]()
        throw new Error(`Expected the HTTP service to start, got: ${service.#printed}`)
      }
      await pause(10)
    }
    return service
  }

  /** SIGTERM. @returns its exit code, or `null` when it had to be killed */
  async terminate(): Promise<number | null> {
    if (this.#hasEnded) return this.#child.exitCode
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGTERM")
    const last = setTimeout(() => this.#child.kill("SIGKILL"), ENDS_MS)
    await ended
    clearTimeout(last)
    this.#forget()
    return this.#child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminate()
  }

  get #hasEnded(): boolean {
    return this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}
