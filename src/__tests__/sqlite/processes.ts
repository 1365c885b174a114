import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"

const PROGRAM = fileURLToPath(new URL("./session-process.mjs", import.meta.url))

// biome-ignore lint/suspicious/noExplicitAny: what a line holds is for the test to know
type Line = Readonly<Record<string, any>>

/** A process of `session-process.mjs`. */
export interface SessionProcess extends AsyncDisposable {
  /** The next line, within 20 s. */
  next(): Promise<Line>
  /** Lets a process that waits for it begin. */
  begin(): void
  /** SIGKILL. @returns the lines that were not asked for yet */
  kill9(): Promise<readonly Line[]>
  /** What was written to the error output so far. */
  complaints(): string
}

/** @param options `node`: another Node to run it */
export function startProcess(
  folder: string,
  command: "open" | "increments" | "logins" | "writes" | "holds" | "walk",
  work: Line,
  options: { readonly node?: string } = {},
): SessionProcess {
  const child = spawn(options.node ?? process.execPath, [PROGRAM, folder, command, JSON.stringify(work)], {
    stdio: ["pipe", "pipe", "pipe"],
  })
  let errors = ""
  child.stderr.on("data", (chunk) => (errors += String(chunk)))
  child.stdin.on("error", () => {})
  const lines = createInterface({ input: child.stdout })
  const ended = Promise.all([once(child, "exit"), once(lines, "close")])
  const waiting: Line[] = []
  let wake: () => void = () => {}
  lines.on("line", (text) => {
    waiting.push(JSON.parse(text) as Line)
    wake()
  })
  let closed = false
  lines.on("close", () => {
    closed = true
    wake()
  })
  const kill9 = async (): Promise<readonly Line[]> => {
    if (isRunning(child)) child.kill("SIGKILL")
    await ended
    return waiting.splice(0)
  }
  return {
    async next() {
      const until = performance.now() + 20_000
      for (;;) {
        const line = waiting.shift()
        if (line !== undefined) return line
        if (closed) throw new Error(`The process ended without another line. ${errors}`)
        const left = until - performance.now()
        if (left <= 0) throw new Error(`Expected a line of the process within 20 s. ${errors}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, Math.min(left, 100))
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
    begin: () => void child.stdin.write("go\n"),
    kill9,
    complaints: () => errors,
    [Symbol.asyncDispose]: async () => void (await kill9()),
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}
