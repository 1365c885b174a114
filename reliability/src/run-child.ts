import { spawn } from "node:child_process"
import { once } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { atExit } from "./at-exit.js"
import { endingWithUs } from "./ending-with-us.js"

export interface ChildEnd {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface ChildOptions {
  readonly signal: AbortSignal
  readonly cwd: string
  /** Beside our own environment. */
  readonly environment?: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Told each line that it prints. */
  onLine?(line: string): void
}

/** How long it may take to clear away what it made. */
const END_MS = 20_000
const KEPT = 200_000

/**
 * Runs a program with Node in a process group of its own, and ends the whole group when it takes too long or is cancelled.
 *
 * @throws the reason of the signal, or what the program did not end in time
 */
export async function runChild(args: readonly string[], { signal, cwd, environment = {}, timeoutMs, onLine }: ChildOptions): Promise<ChildEnd> {
  signal.throwIfAborted()
  const env = { ...ownEnvironment(), ...environment }
  // Asked, not killed: it may have children, servers and folders of its own to clear away.
  const [program = "", ...words] = endingWithUs([process.execPath, ...args], "TERM")
  const child = spawn(program, words, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "close").catch(() => undefined)
  const output = { stdout: "", stderr: "" }
  for (const name of ["stdout", "stderr"] as const) {
    let line = ""
    child[name].setEncoding("utf8").on("data", (piece: string) => {
      output[name] = (output[name] + piece).slice(-KEPT)
      const lines = (line + piece).split("\n")
      line = lines.pop() ?? ""
      for (const one of lines) onLine?.(one)
    })
  }
  const kill = (name: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name)
    } catch {}
  }
  const forget = atExit(() => kill("SIGKILL"))
  const stop = new AbortController()
  const late = pause(timeoutMs, undefined, { signal: AbortSignal.any([signal, stop.signal]) })
    .then(() => "late" as const)
    .catch(() => "cancelled" as const)
  try {
    const first = await Promise.race([ended.then(() => "ended" as const), late])
    if (first === "ended") return { exitCode: child.exitCode, ...output }
    signal.throwIfAborted()
    throw new Error(`Expected ${args[0] ?? "the program"} to end within ${timeoutMs} ms`)
  } finally {
    stop.abort()
    // Its own children may outlive it for a moment; they are asked first, because they may have servers and folders to clear away.
    kill("SIGTERM")
    // The child keeps this process alive while it lasts; a timer that is left behind must not.
    await Promise.race([ended, pause(END_MS, undefined, { ref: false })])
    kill("SIGKILL")
    forget()
  }
}

// What a test runner that we run in says to its own children is not meant for ours.
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_ENV$|TEST$|NODE_OPTIONS$)/.test(name)))
}
