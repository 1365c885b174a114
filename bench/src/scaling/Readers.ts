import { type ChildProcess, spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { letEnd, nextMessage } from "../child-message.js"
import type { HasRead, ReadFor } from "./reader.js"

const PROGRAM = fileURLToPath(new URL("reader.js", import.meta.url))

/** Processes of an application, each with sessions of its own in one store. */
export class Readers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  static async start(url: string, { processes, sessions }: { readonly processes: number; readonly sessions: number }): Promise<Readers> {
    const children = Array.from({ length: processes }, () =>
      spawn(process.execPath, [PROGRAM, url, String(sessions)], { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
    )
    const readers = new Readers(children)
    try {
      await Promise.all(children.map((child) => nextMessage(child)))
      return readers
    } catch (error) {
      await readers[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Lets the first few of them read at once. */
  read(processes: number, asked: ReadFor): Promise<readonly HasRead[]> {
    return Promise.all(
      this.#children.slice(0, processes).map((child) => {
        const answer = nextMessage<HasRead>(child)
        child.send(asked)
        return answer
      }),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#children.map(letEnd))
  }
}
