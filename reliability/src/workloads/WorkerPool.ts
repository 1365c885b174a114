import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { LimitJob } from "../limits/limit-job.js"
import type { LimitLine } from "../limits/limit-line.js"
import type { NearJob, NearResult } from "../near/near-job.js"
import type { Job } from "./jobs.js"
import type { JobResult, ToParent, ToWorker, WorkerSettings, WorkerTask } from "./worker-messages.js"

const PROGRAM = fileURLToPath(new URL("./worker.js", import.meta.url))

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Several processes, each with a service of its own. */
export class WorkerPool implements AsyncDisposable {
  readonly #workers: readonly Worker[]

  constructor(size: number) {
    this.#workers = Array.from({ length: size }, () => new Worker((token, from) => this.#share(token, from)))
  }

  get size(): number {
    return this.#workers.length
  }

  /** @param urlOf - where a process finds the store, if not all find it at the same place */
  async open(settings: Omit<WorkerSettings, "process">, urlOf: (process: number) => string = () => settings.url): Promise<void> {
    await Promise.all(this.#workers.map((worker, process) => worker.ask({ do: "open", settings: { ...settings, url: urlOf(process), process } })))
  }

  /** Ends what was opened, while its store still answers: otherwise whoever opens next waits for calls that nobody answers any more. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.ask({ do: "close" })))
  }

  /** Gives each process a job and waits for all. @throws when a process ends or one of its calls fails in a way that no service may */
  async work(jobOf: (process: number) => Job): Promise<JobResult> {
    const results = await Promise.all(this.#workers.map((worker, process) => worker.ask({ do: "job", job: jobOf(process) }) as Promise<JobResult>))
    return { tokens: results.flatMap(({ tokens }) => tokens), lines: results.flatMap(({ lines }) => lines) }
  }

  /** Gives each process its part of a round of W6. @throws as `work` does */
  async limits(job: LimitJob): Promise<readonly LimitLine[]> {
    const lines = await Promise.all(this.#workers.map((worker) => worker.ask({ do: "limits", job }) as Promise<readonly LimitLine[]>))
    return lines.flat()
  }

  /** Gives each process its part of a round of W7. @throws as `work` does */
  async near(jobOf: (process: number) => NearJob): Promise<readonly NearResult[]> {
    return Promise.all(this.#workers.map((worker, process) => worker.ask({ do: "near", job: jobOf(process) }) as Promise<NearResult>))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()))
  }

  #share(token: string, from: Worker): void {
    for (const worker of this.#workers) if (worker !== from) worker.send({ shared: token })
  }
}

class Worker {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #next = 0

  constructor(share: (token: string, from: Worker) => void) {
    this.#child = fork(PROGRAM, { serialization: "advanced" })
    this.#child.on("message", (message: ToParent) => {
      if ("shared" in message) share(message.shared, this)
      else this.#settle(message)
    })
    this.#child.on("exit", () => this.#abandon())
    this.#child.on("error", () => this.#abandon())
  }

  ask(task: WorkerTask): Promise<unknown> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.send({ id, task })
    })
  }

  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message)
    else this.#abandon()
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await ended
  }

  #settle(message: Exclude<ToParent, { shared: string }>): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ("error" in message) waiting?.reject(new Error(`A worker failed: ${message.error}`))
    else waiting?.resolve(message.value)
  }

  #abandon(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error("Expected the worker process to go on, but it ended"))
    this.#waiting.clear()
  }
}
