import { createHash } from "node:crypto"
import { SessionError } from "coatcheck"
import type { Answer, HistoryLine, OperationArgs } from "./history-line.js"

type Call = Pick<HistoryLine, "client" | "op" | "args">

/** Writes down what is asked and answered. All processes of a machine count from the same origin of the same clock. */
export class HistoryRecorder {
  readonly #origin: bigint
  #lines: HistoryLine[] = []
  #names = 0

  /** @param origin `process.hrtime.bigint()` at the start of the run, in whichever process took it */
  constructor(origin: bigint) {
    this.#origin = origin
  }

  /** A name for a client. One that was not told what happened goes on under a new name, because its call is still under way. */
  newClient(process: number): string {
    this.#names += 1
    return `${process}.${this.#names}`
  }

  /**
   * Makes one call and writes its line.
   *
   * @returns what the call answered, or `undefined` when it failed in a way that the service promises
   * @throws whatever is no `SessionError`
   */
  async record<T>(call: Call, work: () => Promise<T>, read: (answer: T) => Answer): Promise<T | undefined> {
    const began = this.#now()
    try {
      const answer = await work()
      const settled = this.#now()
      this.#lines.push({ ...call, call: began, ret: settled, settled, outcome: "ok", value: read(answer) })
      return answer
    } catch (error) {
      if (!SessionError.is(error)) throw error
      const settled = this.#now()
      const outcome = outcomeOf(error)
      this.#lines.push({ ...call, call: began, ret: outcome === "unknown" ? null : settled, settled, outcome, value: { code: error.code } })
      return undefined
    }
  }

  /** Whether one of the lines so far is such a one. */
  has(isSuch: (line: HistoryLine) => boolean): boolean {
    return this.#lines.some(isSuch)
  }

  /** The lines so far, which are then forgotten here. */
  take(): HistoryLine[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  #now(): number {
    return Number(process.hrtime.bigint() - this.#origin)
  }
}

function outcomeOf(error: SessionError): HistoryLine["outcome"] {
  if (error.code === "ERR_SESSION_CONFLICT") return "conflict"
  if (error.code === "ERR_SESSION_LIMIT" && error.outcome === "not-applied") return "full"
  return error.code !== "ERR_SESSION_ENDED" && error.outcome === "not-applied" ? "fail" : "unknown"
}

/** A name for a token's secret that every process gives alike and that opens nothing. */
export function nameSecret(token: string): string {
  return createHash("sha256").update(token).digest("base64url").slice(0, 10)
}

/** What a call on one session needs in its line. */
export function argsOf(token: string, more: OperationArgs = {}): OperationArgs {
  return { session: token.split(".").slice(0, 2).join("."), secret: nameSecret(token), ...more }
}
