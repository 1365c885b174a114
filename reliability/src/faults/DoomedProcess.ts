import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Acknowledged, DoomNews, DoomSettings } from "./doomed-messages.js"

const PROGRAM = fileURLToPath(new URL("./doomed-process.js", import.meta.url))
const STARTS_WITHIN_MS = 20_000

/** An application's process, until it is killed. */
export class DoomedProcess implements AsyncDisposable {
  readonly acknowledged: Acknowledged[] = []
  readonly #child: ChildProcess
  #hasEnded = false

  private constructor(settings: DoomSettings) {
    this.#child = fork(PROGRAM, [JSON.stringify(settings)])
    this.#child.on("error", () => undefined)
    this.#child.on("message", (message: DoomNews) => {
      if (message.news === "did") this.acknowledged.push({ token: message.token, version: message.version })
      if (message.news === "ended") this.#hasEnded = true
    })
  }

  /** Starts it. @returns when its first call is under way; @throws when it does not come so far */
  static async start(settings: DoomSettings): Promise<DoomedProcess> {
    const doomed = new DoomedProcess(settings)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), STARTS_WITHIN_MS)
    doomed.#child.once("exit", () => late.abort())
    try {
      await once(doomed.#child, "message", { signal: late.signal })
      return doomed
    } catch {
      await doomed.kill()
      throw new Error("Expected a process with a service to start, got none")
    } finally {
      clearTimeout(timer)
    }
  }

  /** Whether it has made all its calls. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** SIGKILL. @returns when it is gone and all that it told has arrived */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    // What it told before may arrive after its end.
    const gone = [once(this.#child, "exit"), ...(this.#child.connected ? [once(this.#child, "disconnect")] : [])]
    this.#child.kill("SIGKILL")
    await Promise.all(gone)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
