import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { env, execPath } from "node:process"
import { fileURLToPath } from "node:url"
import type { Reply } from "./answer-parent.js"

/** One that does not end by itself when it is let go is killed. */
const END_MS = 5_000

/** A process of ours that answers questions, one at a time. It ends with us, however we end. */
export class Child implements AsyncDisposable {
  readonly #name: string
  readonly #process: ChildProcess

  /**
   * @param name for errors
   * @param program calls `answerParent`
   */
  constructor(name: string, program: URL) {
    this.#name = name
    // What is measured should run as it does in earnest. Advanced: latencies are typed arrays.
    const environment = { ...env, NODE_ENV: "production" }
    this.#process = spawn(execPath, [fileURLToPath(program)], { env: environment, serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** @throws what the answer failed with, an error that names the process when it ends first, or the signal's reason */
  async ask<Answer>(question: object | string, signal?: AbortSignal): Promise<Answer> {
    if (this.#hasEnded) throw this.#gone()
    const over = new AbortController()
    const until = { signal: signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]) }
    const replied = once(this.#process, "message", until)
    const ended = once(this.#process, "exit", until).then(() => Promise.reject(this.#gone()))
    try {
      // Where the channel is closed the process ends, which is waited for.
      this.#process.send(question, () => undefined)
      const [reply] = (await Promise.race([replied, ended])) as [Reply<Answer>]
      if ("failed" in reply) throw new Error(reply.failed)
      return reply.answer
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      for (const wait of [replied, ended]) wait.catch(() => undefined)
      over.abort()
    }
  }

  /** Ends it, whatever it is doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return
    const ended = once(this.#process, "exit")
    if (this.#process.connected) this.#process.disconnect()
    const last = setTimeout(() => this.#process.kill("SIGKILL"), END_MS)
    await ended
    clearTimeout(last)
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }

  #gone(): Error {
    return new Error(`Expected the process of ${this.#name} to answer, but it ended (${this.#process.signalCode ?? `exit code ${this.#process.exitCode}`})`)
  }
}
