import type { Change } from "../store/Keyspace.js"
import { type Execution, ReplyError, StoreEngine } from "../store/StoreEngine.js"
import type { Reply, ScriptFunction } from "../store/script.js"
import type { VirtualTime } from "./VirtualTime.js"

/** What a server answers instead of carrying a command out. */
export type Refusal = "LOADING" | "READONLY" | "OOM" | "TRYAGAIN"

/** How the server ended a command. */
export type Answer = { readonly reply: Reply } | { readonly error: string }

/** A command that has arrived, and where its answer goes. */
export interface Request {
  readonly command: readonly string[]
  /** Whose it is. */
  readonly node: number
  answer(answer: Answer): void
}

/** Told of everything that happens in the store. */
export interface ServerObserver {
  executed(execution: Execution, node: number): void
  refused(word: string): void
}

/** Microseconds of the server's clock when virtual time begins: an ordinary day. */
const BEGINNING = 1_800_000_000_000_000
const KEPT_WRITES = 200

const REFUSALS: Readonly<Record<Refusal, string>> = {
  LOADING: "LOADING Redis is loading the dataset in memory",
  READONLY: "READONLY You can't write against a read only replica.",
  OOM: "OOM command not allowed when used memory > 'maxmemory'.",
  TRYAGAIN: "TRYAGAIN Multiple keys request during rehashing of slot",
}

/** One server: it carries out commands one after the other, and can be stopped, refuse, lose its last writes, and have its clock set. */
export class SimulatedServer {
  readonly engine: StoreEngine
  readonly #time: VirtualTime
  readonly #observer: ServerObserver
  #skew = 0
  #furthestAhead = 0
  #paused = false
  readonly #waiting: Request[] = []
  #refusal: Refusal | undefined
  #writes: (readonly Change[])[] = []

  constructor(time: VirtualTime, observer: ServerObserver, scripts?: Readonly<Record<string, ScriptFunction>>) {
    this.#time = time
    this.#observer = observer
    this.engine = new StoreEngine(scripts)
  }

  /** The server's clock. */
  get nowMicros(): number {
    return BEGINNING + this.#time.now + this.#skew
  }

  setClockBy(micros: number): void {
    this.#skew += micros
    this.#furthestAhead = Math.max(this.#furthestAhead, this.#skew)
  }

  /** Lets time pass as the server's clock counts it, from the furthest that the clock ever was. */
  passTime(micros: number): void {
    this.setClockBy(this.#furthestAhead - this.#skew + micros)
  }

  /** Until `resume` it takes requests and answers none, as a process does that was stopped. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    for (const request of this.#waiting.splice(0)) this.#serve(request)
  }

  /** Forgets the requests that wait. */
  drop(): void {
    this.#waiting.length = 0
  }

  refuse(refusal: Refusal | undefined): void {
    this.#refusal = refusal
  }

  receive(request: Request): void {
    if (this.#paused) this.#waiting.push(request)
    else this.#serve(request)
  }

  /** Takes the last writes back, as a failover to a replica that had not seen them does, and a power cut. @returns what lies under each key now */
  loseWrites(count: number): readonly Change[] {
    const undone: Change[] = []
    for (const changes of this.#writes.splice(Math.max(0, this.#writes.length - count)).reverse()) {
      for (const { key, before, after } of [...changes].reverse()) {
        this.engine.keys.restore(key, before)
        undone.push({ key, before: after, after: before })
      }
    }
    this.engine.flushScripts()
    return undone
  }

  /** Removes a key, as a server does whose memory is full. */
  evict(key: string): void {
    this.#writes.push([{ key, before: this.engine.keys.entries.get(key), after: undefined }])
    this.engine.keys.restore(key, undefined)
  }

  #serve(request: Request): void {
    const refusal = this.#refusalOf(request.command)
    if (refusal !== undefined) {
      this.#observer.refused(refusal)
      request.answer({ error: REFUSALS[refusal] })
      return
    }
    try {
      const execution = this.engine.execute(request.command, this.nowMicros)
      if (execution.changes.length > 0) this.#writes.push(execution.changes)
      if (this.#writes.length > 2 * KEPT_WRITES) this.#writes = this.#writes.slice(-KEPT_WRITES)
      this.#observer.executed(execution, request.node)
      request.answer({ reply: execution.reply })
    } catch (error) {
      if (!(error instanceof ReplyError)) throw error
      this.#observer.refused(error.message.split(" ", 1)[0] ?? "")
      request.answer({ error: error.message })
    }
  }

  #refusalOf(command: readonly string[]): Refusal | undefined {
    const refusal = this.#refusal
    if (refusal === undefined) return undefined
    const what = this.engine.describe(command)
    if (refusal === "LOADING") return what?.name === "time" ? undefined : refusal
    // A script that is not known is not looked at any further.
    if (what === undefined) return undefined
    const isScript = "sha1" in what
    if (refusal === "READONLY") return (isScript ? !what.readOnly : what.name === "unlink") ? refusal : undefined
    if (refusal === "OOM") return isScript && !what.readOnly && !what.allowsOom ? refusal : undefined
    return isScript && Number(command[2]) > 1 ? refusal : undefined
  }
}
