import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, constants, existsSync, openSync, readFileSync, readSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it, onTestFinished } from "vitest"
import { LogOutput } from "../start/log-output.js"
import { temporaryFolder } from "./support/service-process.js"

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
/** Writes to it fail as on a full disk. */
const FULL = "/dev/full"

/** A service whose log goes to the file that is open. */
async function listeningWith(env: NodeJS.ProcessEnv, log: number): Promise<{ readonly child: ChildProcess; readonly origin: string }> {
  const child = spawn(process.execPath, [MAIN], { cwd: temporaryFolder(), env, stdio: ["ignore", "pipe", log] })
  onTestFinished(() => void child.kill("SIGKILL"))
  let said = ""
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text))
  await expect.poll(() => said, { timeout: 20_000 }).toMatch(/listens on http:\S+\n/)
  return { child, origin: String(/listens on (http:\S+)/.exec(said)?.[1]) }
}

describe.skipIf(!existsSync(FULL))("a log that cannot be written (not where there is no /dev/full, because nothing else fails so)", () => {
  it("keeps nobody waiting, and the service ends when it is asked to", async () => {
    const full = openSync(FULL, "w")
    onTestFinished(() => closeSync(full))
    const { child, origin } = await listeningWith({ PATH: process.env.PATH, COATCHECK_PORT: "0", COATCHECK_API_KEY: "k".repeat(40) }, full)
    for (let n = 0; n < 20; n += 1) expect((await fetch(`${origin}/livez`, { signal: AbortSignal.timeout(5_000) })).status).toBe(200)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  it("is counted where it is measured, for the log cannot tell", { timeout: 60_000 }, async () => {
    const full = openSync(FULL, "w")
    onTestFinished(() => closeSync(full))
    const [rule, key] = ["r".repeat(64), "k".repeat(40)]
    const env = {
      PATH: process.env.PATH,
      COATCHECK_PORT: "0",
      COATCHECK_API_KEY: key,
      COATCHECK_LOG_LEVEL: "debug",
      COATCHECK_RATE_LIMITS: JSON.stringify({ [rule]: { limit: 1, window: "1h" } }),
    }
    const { origin } = await listeningWith(env, full)
    const ask = async (path: string, init: RequestInit = {}) =>
      (await fetch(origin + path, { ...init, headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" } })).text()
    const dropped = async () => Number(/^coatcheck_log_lines_dropped_total (\d+)$/m.exec(await ask("/metrics"))?.[1])
    expect(await dropped()).toBe(0)
    const checks = Array.from({ length: 16 }, (_, n) => ({ rule, subject: { userId: `${n}` } }))
    const check = () => ask("/v1/rate-limits/check", { method: "POST", body: JSON.stringify({ checks }) })
    // Each makes 17 lines, and a mebibyte of them may wait.
    for (let rounds = 0; rounds < 50; rounds += 1) await Promise.all(Array.from({ length: 16 }, check))
    const first = await dropped()
    expect(first).toBeGreaterThan(0)
    await check()
    expect(await dropped()).toBeGreaterThan(first)
  })

  it("keeps a start that fails from neither ending nor telling its code", async () => {
    const full = openSync(FULL, "w")
    onTestFinished(() => closeSync(full))
    const env = { PATH: process.env.PATH, COATCHECK_PORT: "none" }
    const child = spawn(process.execPath, [MAIN], { cwd: temporaryFolder(), env, stdio: ["ignore", "ignore", full] })
    onTestFinished(() => void child.kill("SIGKILL"))
    expect(await once(child, "exit")).toEqual([78, null])
  })

  it("goes on when it can be written again, and nothing is missing", async () => {
    const file = join(temporaryFolder(), "log")
    const fd = openSync(FULL, "w")
    const log = new LogOutput(fd)
    for (let n = 1; n <= 3; n += 1) {
      log.write(`late ${n}\n`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    // The number that is free is given to what is opened next.
    closeSync(fd)
    expect(openSync(file, "w")).toBe(fd)
    log.write("back\n")
    await log.end()
    expect(readFileSync(file, "utf8")).toBe("late 1\nlate 2\nlate 3\nback\n")
  })
})

describe("a log whose reader is slow", () => {
  const LINE = "x".repeat(200)
  const lines = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `${n} ${LINE}`)

  /** A pipe that nobody reads until `read` is called; writes to it never wait, as those to a service's stderr. */
  function pipe(): { readonly fd: number; readonly read: () => string } {
    const path = join(temporaryFolder(), "pipe")
    execFileSync("mkfifo", [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    onTestFinished(() => closeSync(reader))
    const chunk = Buffer.alloc(1_048_576)
    let text = ""
    const read = (): string => {
      try {
        text += chunk.toString("utf8", 0, readSync(reader, chunk))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error
      }
      return text
    }
    return { fd: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK), read }
  }

  it("loses and tears no line that there is room for", async () => {
    const { fd, read } = pipe()
    const log = new LogOutput(fd)
    for (const line of lines(2_000)) {
      log.write(`${line}\n`)
      if (line.startsWith("1000 ")) await new Promise((resolve) => setTimeout(resolve, 300))
    }
    await expect.poll(() => read().split("\n").length, { interval: 1, timeout: 10_000 }).toBe(2_001)
    expect(read()).toBe(lines(2_000).join("\n").concat("\n"))
    await log.end()
  })

  it("tells how many it had no room for, also while it ends", async () => {
    const { fd, read } = pipe()
    const log = new LogOutput(fd)
    for (const line of lines(8_000)) log.write(`${line}\n`)
    const timer = setInterval(read, 1)
    await log.end()
    clearInterval(timer)
    const written = read().trimEnd().split("\n")
    const { dropped, level } = JSON.parse(String(written.at(-1))) as { readonly dropped: number; readonly level: number }
    expect(level).toBe(40)
    expect(written.slice(0, -1)).toEqual(lines(8_000).slice(0, 8_000 - dropped))
    expect(dropped).toBeGreaterThan(2_000)
    expect(log.dropped).toBe(dropped)
  })
})
