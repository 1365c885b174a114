import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { availableParallelism } from "node:os"
import process, { execPath } from "node:process"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"

const PROGRAM = fileURLToPath(new URL("burn.js", import.meta.url))
/** What cannot be started that way ends sooner, in milliseconds. */
const PROVED_MS = 300

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
    const loops = Array.from({ length: availableParallelism() }, () => spawn(command, args, { stdio: "ignore" }))
    const broken = loops.map((loop) => Promise.race([once(loop, "error"), once(loop, "exit")]).catch(() => undefined))
    const cores = new AwakeCores(loops)
    const proved = new AbortController()
    const works = await Promise.race([pause(PROVED_MS, true, { signal: proved.signal }), ...broken.map((end) => end.then(() => false))])
    proved.abort()
    if (works) return cores
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
