import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { askChild } from "../../ask-child.js"
import type { ClientName } from "../../workloads/store-clients.js"

export type Question =
  | { readonly ask: "open"; readonly client: ClientName; readonly url: string }
  | { readonly ask: "sign in"; readonly user: string; readonly idleMs: number; readonly limit?: number }
  | { readonly ask: "read"; readonly token: string }

/** Times are in milliseconds, as the application was told them by the service; `time` is what its own clock says. */
export interface Answer {
  readonly value: {
    readonly time?: number
    readonly token?: string
    readonly handle?: string
    readonly created?: number
    readonly expires?: number
    readonly evicted?: readonly string[]
    readonly alive?: boolean
    readonly lastAccess?: number
  }
  readonly failed?: string
}

const PROGRAM = fileURLToPath(new URL("./application.js", import.meta.url))
const ANSWERS_MS = 20_000

/** An application in a process of its own, whose clock is wrong. */
export class ShiftedApplication implements AsyncDisposable {
  readonly shiftMs: number
  readonly #child: ChildProcess

  private constructor(shiftMs: number) {
    this.shiftMs = shiftMs
    this.#child = fork(PROGRAM, [String(shiftMs)])
    this.#child.on("error", () => undefined)
  }

  /** @throws when its clock is not as wrong as it was to be */
  static async start(shiftMs: number, client: ClientName, url: string): Promise<ShiftedApplication> {
    const application = new ShiftedApplication(shiftMs)
    try {
      const { time = 0 } = await application.ask({ ask: "open", client, url })
      const off = time - Date.now()
      if (Math.abs(off - shiftMs) > ANSWERS_MS) throw new Error(`Expected an application whose clock is ${shiftMs} ms off, got ${off} ms`)
      return application
    } catch (error) {
      await application[Symbol.asyncDispose]()
      throw error
    }
  }

  async ask(question: Question): Promise<Answer["value"]> {
    const { value, failed } = await askChild<Answer>(this.#child, question, "the application", ANSWERS_MS)
    if (failed !== undefined) throw new Error(`The application failed: ${failed}`)
    return value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return
    const ended = once(this.#child, "exit")
    this.#child.kill("SIGKILL")
    await ended
  }
}
