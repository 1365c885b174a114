import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { askChild } from "../../ask-child.js"
import type { ClientName } from "../../workloads/store-clients.js"

export interface EncryptedSettings {
  readonly url: string
  readonly client: ClientName
}

/** Whether a new connection was of use; if not, what the library said. */
export type ConnectAnswer = { readonly connected: true } | { readonly connected: false; readonly code: string; readonly message: string }

/** What came of the calls over a connection that stays. */
export interface LoadAnswer {
  answered: number
  failed: number
}

const PROGRAM = fileURLToPath(new URL("./encrypted-application.js", import.meta.url))
const ANSWERS_MS = 30_000

/** An application in a process of its own, which trusts one authority. */
export class EncryptedApplication implements AsyncDisposable {
  readonly #child: ChildProcess

  /** @param authority path of the certificate that it trusts, beside those that every process trusts */
  constructor(settings: EncryptedSettings, authority: string) {
    const execArgv = [`NODE_EXTRA_CA_CERTS=${authority}`, process.execPath]
    this.#child = fork(PROGRAM, [JSON.stringify(settings)], { execPath: "env", execArgv })
    this.#child.on("error", () => undefined)
  }

  /** Opens a connection that stays, and calls over it until `end`. */
  async begin(): Promise<void> {
    await askChild(this.#child, "begin", "the application", ANSWERS_MS)
  }

  /** Opens another connection, for one session. */
  async connect(): Promise<ConnectAnswer> {
    return askChild<ConnectAnswer>(this.#child, "connect", "the application", ANSWERS_MS)
  }

  async end(): Promise<LoadAnswer> {
    return askChild<LoadAnswer>(this.#child, "end", "the application", ANSWERS_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await ended
  }
}
