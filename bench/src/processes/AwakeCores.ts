import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import process, { execPath } from "node:process"
import { fileURLToPath } from "node:url"

const PROGRAM = fileURLToPath(new URL("burn.js", import.meta.url))

/**
 * A loop on each core that gives way to everything else (the class SCHED_IDLE of Linux), so that no core halts: to wake one that did takes a virtual machine
 * some 50 µs, which is as long as a whole round trip over loopback, and falls on whoever waits, by chance.
 */
export class AwakeCores implements AsyncDisposable {
  readonly #loops: readonly ChildProcess[]

  private constructor(loops: readonly ChildProcess[]) {
    this.#loops = loops
  }

  /** @param launcher - what starts a program with that priority @returns `null` where the system has no such thing: then cores halt as they do */
  static async start(launcher: readonly string[] = ["chrt", "--idle", "0"]): Promise<AwakeCores | null> {
    const [command, ...args] = [...launcher, execPath, PROGRAM, String(process.pid)]
    const loops = Array.from({ length: availableParallelism() }, () => spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] }))
    const cores = new AwakeCores(loops)
    if ((await Promise.all(loops.map(runs))).every(Boolean)) return cores
    await cores[Symbol.asyncDispose]()
    return null
  }

  /** Whether the system has such a priority. */
  static async areThere(): Promise<boolean> {
    await using cores = await AwakeCores.start()
    return cores !== null
  }

  get pids(): readonly number[] {
    return this.#loops.flatMap(({ pid }) => pid ?? [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#loops.map(async (loop) => {
        if (loop.pid === undefined || loop.exitCode !== null || loop.signalCode !== null) return
        const ended = once(loop, "exit")
        loop.kill("SIGKILL")
        await ended
      }),
    )
  }
}

/** Whether a loop says that it runs, before it ends or cannot even be started. */
function runs(loop: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    loop.stdout?.once("data", () => resolve(true))
    loop.once("error", () => resolve(false)).once("exit", () => resolve(false))
  })
}
