import { Child } from "../processes/Child.js"
import type { Opened } from "./application.js"
import { KeptConnection, load } from "./load.js"

const PROGRAM = new URL("application.js", import.meta.url)

export interface Slice {
  /** Processor time of the application's process for each request, in microseconds. */
  readonly cpu: number
  /** Requests a second. */
  readonly rate: number
  /** From a request to its answer, in microseconds, the shortest first. */
  readonly latencies: Float64Array
}

export interface Load {
  readonly users: number
  readonly connections: number
  readonly signal: AbortSignal
}

/** An application that runs, with its users signed in. */
export class Served implements AsyncDisposable {
  readonly name: string
  readonly #child: Child
  readonly #connections: readonly KeptConnection[]
  readonly #requests: readonly string[]

  private constructor(name: string, child: Child, connections: readonly KeptConnection[], requests: readonly string[]) {
    this.name = name
    this.#child = child
    this.#connections = connections
    this.#requests = requests
  }

  static async start(name: string, url: string, { users, connections, signal }: Load): Promise<Served> {
    const child = new Child(name, PROGRAM)
    try {
      const port = await child.ask<number>({ name, url } satisfies Opened, signal)
      const requests: string[] = []
      // One after the other: a burst leaves traces in how V8 collects garbage, by chance in one process and not in the next.
      for (let at = 0; at < users; at += 1) requests.push(requestWith(await signIn(port, `user${at}`)))
      const opened = await Promise.all(Array.from({ length: connections }, async () => KeptConnection.open(port)))
      return new Served(name, child, opened, requests)
    } catch (error) {
      await child[Symbol.asyncDispose]()
      throw error
    }
  }

  async measure(count: number): Promise<Slice> {
    const [before, began] = [await this.#cpu(), performance.now()]
    const latencies = await load(this.#connections, this.#requests, count)
    const [seconds, after] = [(performance.now() - began) / 1000, await this.#cpu()]
    return { cpu: (after - before) / count, rate: count / seconds, latencies }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close()
    await this.#child[Symbol.asyncDispose]()
  }

  #cpu(): Promise<number> {
    return this.#child.ask("cpu")
  }
}

/** Of each application, also of one that gives none: a request that is longer takes longer to read. */
const COOKIE_LENGTH = 110

function requestWith(cookie: string): string {
  const own = cookie === "" ? "strange=" : `${cookie}; strange=`
  return `GET /me HTTP/1.1\r\nHost: app.example\r\nSec-Fetch-Site: same-origin\r\nUser-Agent: bench\r\nCookie: ${own.padEnd(COOKIE_LENGTH, "x")}\r\n\r\n`
}

async function signIn(port: number, user: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/sign-in/${user}`, { method: "POST", headers: { origin: "https://app.example" } })
  if (!answer.ok) throw new Error(`Expected to sign in, got the status ${answer.status}`)
  await answer.arrayBuffer()
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(";")[0])
    .join("; ")
}
