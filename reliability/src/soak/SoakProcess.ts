import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { FromSoaker, ProcessSample, ToSoaker } from "./soak-messages.js"

const PROGRAM = fileURLToPath(new URL("./soaker.js", import.meta.url))

type Beginning = Omit<ToSoaker & { do: "begin" }, "id" | "do">

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The process under load, as its parent sees it. */
export class SoakProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  constructor() {
    this.#child = fork(PROGRAM, { execArgv: ["--expose-gc"] })
    this.#child.on("message", (message: FromSoaker) => {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if ("error" in message) waiting?.reject(new Error(`The process under load failed: ${message.error}`))
      else waiting?.resolve(message.value)
    })
    this.#child.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("Expected the process under load to go on, but it ended"))
      this.#waiting.clear()
    })
  }

  /** @returns how many calls a second the store answers; half as many are made from now on */
  begin(beginning: Beginning): Promise<{ readonly callsASecond: number }> {
    return this.#ask({ id: this.#next++, do: "begin", ...beginning }) as Promise<{ readonly callsASecond: number }>
  }

  sample(): Promise<ProcessSample> {
    return this.#ask({ id: this.#next++, do: "sample" }) as Promise<ProcessSample>
  }

  async stop(): Promise<void> {
    await this.#ask({ id: this.#next++, do: "stop" })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await ended
  }

  #ask(task: ToSoaker): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(task.id, { resolve, reject })
      this.#child.send(task)
    })
  }
}
