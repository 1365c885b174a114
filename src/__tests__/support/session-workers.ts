import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import type { EndReason } from "../../domain/interfaces/ports.js"
import type { OwnedSessionService, SessionAttributes, SessionId, SessionToken } from "../../domain/interfaces/session/ISessionService.js"
import type { SessionOptions } from "../../infrastructure/services/session/session-settings.js"
import { NEAR_CACHE_MODE } from "./near-cache-mode.js"
import { CLIENT_NAMES, type ClientName } from "./services-under-watch.js"

type Service = OwnedSessionService<SessionAttributes, SessionAttributes>
type Methods = { [M in keyof Service]: Service[M] extends (...args: infer P) => infer R ? { readonly args: P; readonly answer: Awaited<R> } : never }

export interface Login {
  readonly sessionId: SessionId
  readonly token: SessionToken
  readonly evicted: readonly SessionId[]
  readonly at: bigint
}

/** What a process saw that did one thing to one session again and again. */
export interface Hammered {
  readonly answers: number
  /** When the last call began that still found the session, by `process.hrtime`, which all processes share. */
  readonly lastAliveBegan: bigint
  readonly aliveAfterNull: boolean
  readonly failures: readonly string[]
}

export interface WorkerOptions {
  readonly port: number
  readonly clientName?: ClientName
  /** Options of its service. */
  readonly options: SessionOptions
  /** How far its clock is wrong, in milliseconds. */
  readonly clockShiftMs?: number
}

/** A process of its own that imports the built package. */
export class SessionWorker implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { readonly resolve: (value: never) => void; readonly reject: (error: Error) => void }>()
  #last = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on("message", ({ id, value, error }: { id: number; value: never; error?: { message: string; code?: string } }) => {
      const wait = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) wait?.resolve(value)
      else wait?.reject(Object.assign(new Error(error.message), { code: error.code }))
    })
    child.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The worker ended before it answered"))
      this.#waiting.clear()
    })
  }

  #do<T>(task: string, ...args: readonly unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#last += 1
      this.#waiting.set(this.#last, { resolve, reject })
      this.#child.send({ id: this.#last, task, args })
    })
  }

  open(options: WorkerOptions): Promise<void> {
    return this.#do("open", { ...options, options: { ...NEAR_CACHE_MODE, ...options.options } })
  }
  /** One call of its service. */
  call<M extends keyof Methods>(method: M, ...args: Methods[M]["args"]): Promise<Methods[M]["answer"]> {
    return this.#do("call", method, ...args)
  }
  /** The same call several times side by side. */
  many<M extends keyof Methods>(
    times: number,
    method: M,
    ...args: Methods[M]["args"]
  ): Promise<readonly { readonly value?: Methods[M]["answer"]; readonly code?: string }[]> {
    return this.#do("many", times, method, ...args)
  }
  /** Adds one to the attribute `count`, so often by each of so many writers. */
  increments(token: string, writers: number, times: number): Promise<void> {
    return this.#do("increments", token, writers, times)
  }
  /** Signs in `count` times, `width` at once. */
  logins(
    options: { readonly userId: string; readonly maxSessionsPerUser?: number | "unlimited"; readonly onLimit?: "evict-oldest" | "reject" },
    count: number,
    width: number,
  ): Promise<{ readonly made: readonly Login[]; readonly refused: readonly string[] }> {
    return this.#do("logins", options, count, width)
  }
  hammer<M extends keyof Methods>(width: number, method: M, ...args: Methods[M]["args"]): Promise<Hammered> {
    return this.#do("hammer", width, method, ...args)
  }
  hammerRotations(width: number, token: string): Promise<Hammered> {
    return this.#do("hammerRotations", width, token)
  }
  stopHammer(): Promise<void> {
    return this.#do("stop")
  }
  ended(): Promise<readonly { readonly sessionId: SessionId; readonly reason: EndReason }[]> {
    return this.#do("ended")
  }
  dateNow(): Promise<number> {
    return this.#do("dateNow")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await exit
  }
}

/** Starts a process with a service of its own. */
export async function startWorker(options: WorkerOptions): Promise<SessionWorker> {
  const child = fork(new URL("./session-worker.mjs", import.meta.url), {
    serialization: "advanced",
    execArgv: [],
    env: { ...process.env, WORKER_CLOCK_SHIFT_MS: String(options.clockShiftMs ?? 0) },
  })
  const worker = new SessionWorker(child)
  await Promise.race([
    once(child, "message"),
    once(child, "exit").then(() => Promise.reject(new Error("The worker ended before it was ready: is dist/ built?"))),
  ])
  await worker.open(options)
  return worker
}

/** Four processes on one server, two with each client. */
export function startWorkers(options: WorkerOptions): Promise<SessionWorker[]> {
  return Promise.all([0, 1, 2, 3].map((n) => startWorker({ ...options, clientName: CLIENT_NAMES[n % 2] ?? "ioredis" })))
}
