import { SessionError } from "coatcheck"
import { HistoryRecorder } from "../../histories/HistoryRecorder.js"
import { type Answer, type HistoryLine, UNBOUNDED_OPS } from "../../histories/history-line.js"
import type { AppNode } from "../world/AppNode.js"
import type { VirtualTime } from "../world/VirtualTime.js"
import type { Findings } from "./Findings.js"

type Call = Pick<HistoryLine, "client" | "op" | "args">

interface Running {
  readonly call: Call
  readonly began: number
  readonly node: AppNode
}

/** What is known of the call that writes a text. */
export interface Writing {
  readonly began: number
  readonly node: AppNode
  failedAt: number | undefined
}

/** Microseconds that a call may take beyond its deadline: a bucket of deadlines, and turns of the event loop. */
const GRACE = 50_000
const MUST_NOT_FAIL_SO = ["ERR_SESSION_CORRUPT", "ERR_STORE_PROTOCOL", "ERR_INVALID_ARGUMENT", "ERR_CLOSED"] as const

/** Writes calls down as a recorder does, in virtual time, and sees to it that each ends in time; also those that their process takes along. */
export class CallWatch extends HistoryRecorder {
  readonly writings = new Map<string, Writing>()
  readonly #time: VirtualTime
  readonly #findings: Findings
  readonly #timeoutMs: number
  readonly #running = new Set<Running>()
  readonly #cutOff: HistoryLine[] = []

  constructor(time: VirtualTime, findings: Findings, timeoutMs: number) {
    super(0n)
    this.#time = time
    this.#findings = findings
    this.#timeoutMs = timeoutMs
  }

  override async record<T>(call: Call, work: () => Promise<T>, read: (answer: T) => Answer): Promise<T | undefined> {
    const running: Running = { call, began: this.#time.now, node: this.#time.current as AppNode }
    const { write } = call.args
    if (write !== undefined) this.writings.set(write, { began: running.began, node: running.node, failedAt: undefined })
    this.#running.add(running)
    const watched = (): Promise<T> =>
      work().catch((error: unknown) => {
        this.#judge(error, running)
        throw error
      })
    const answer = await super.record(call, watched, read)
    this.#running.delete(running)
    this.#judgeDuration(running)
    return answer
  }

  /** Calls of a process that ended: nobody learns what came of them. */
  cutOff(node: AppNode): void {
    for (const running of this.#running) {
      if (running.node !== node) continue
      this.#running.delete(running)
      this.#cutOff.push({ ...running.call, call: running.began * 1_000, ret: null, settled: this.#time.now * 1_000, outcome: "unknown", value: {} })
    }
  }

  override take(): HistoryLine[] {
    return [...super.take(), ...this.#cutOff.splice(0)]
  }

  get running(): number {
    return this.#running.size
  }

  #judge(error: unknown, { call, node }: Running): void {
    node.failedAt = this.#time.now
    if (!SessionError.is(error)) {
      this.#findings.report("I16", `a ${call.op} rejected with something else than a SessionError: ${String(error)}`)
      return
    }
    if (SessionError.is(error, ...MUST_NOT_FAIL_SO)) this.#findings.report("I5", `a ${call.op} failed with ${error.code}: ${error.message}`)
    if (error.outcome === "unknown") this.#findings.see("unknown outcomes")
    if (error.code === "ERR_STORE_UNKNOWN") this.#findings.see("changes that cannot be told")
    if (error.code === "ERR_SESSION_CONFLICT") this.#findings.see("conflicts")
    if (error.code === "ERR_SESSION_LIMIT") this.#findings.see("limit refusals")
    if (error.message.includes("several calls in a row")) this.#findings.see("breaker refusals")
    const { write } = call.args
    const writing = write === undefined ? undefined : this.writings.get(write)
    if (writing !== undefined && error.outcome === "not-applied") writing.failedAt = this.#time.now
  }

  #judgeDuration({ call, began, node }: Running): void {
    if (UNBOUNDED_OPS.has(call.op)) return
    const took = this.#time.now - began
    const allowed = this.#timeoutMs * 1_000 + GRACE + node.stalledBetween(began, this.#time.now)
    if (took > allowed) this.#findings.report("I17", `a ${call.op} took ${Math.round(took / 1_000)} ms, with a deadline of ${this.#timeoutMs} ms`)
  }
}
