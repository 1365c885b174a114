import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, existsSync, openSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it, onTestFinished } from "vitest"
import { LogOutput } from "../start/log-output.js"
import { temporaryFolder } from "./support/service-process.js"

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
/** Writes to it fail as on a full disk. */
const FULL = "/dev/full"

describe.skipIf(!existsSync(FULL))("a log that cannot be written", () => {
  it("keeps nobody waiting, and the service ends when it is asked to", async () => {
    const full = openSync(FULL, "w")
    onTestFinished(() => closeSync(full))
    const env = { PATH: process.env.PATH, COATCHECK_PORT: "0", COATCHECK_API_KEY: "k".repeat(40) }
    const child = spawn(process.execPath, [MAIN], { cwd: temporaryFolder(), env, stdio: ["ignore", "pipe", full] })
    onTestFinished(() => void child.kill("SIGKILL"))
    let said = ""
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text))
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(/listens on http:\S+\n/)
    const origin = String(/listens on (http:\S+)/.exec(said)?.[1])
    for (let n = 0; n < 20; n += 1) expect((await fetch(`${origin}/livez`, { signal: AbortSignal.timeout(5_000) })).status).toBe(200)
    child.kill("SIGTERM")
    expect(await once(child, "exit")).toEqual([0, null])
  })

  it("keeps a start that fails from neither ending nor telling its code", async () => {
    const full = openSync(FULL, "w")
    onTestFinished(() => closeSync(full))
    const env = { PATH: process.env.PATH, COATCHECK_PORT: "none" }
    const child = spawn(process.execPath, [MAIN], { cwd: temporaryFolder(), env, stdio: ["ignore", "ignore", full] })
    onTestFinished(() => void child.kill("SIGKILL"))
    expect(await once(child, "exit")).toEqual([78, null])
  })

  it("goes on when it can be written again, and tells how many lines are missing", async () => {
    const file = join(temporaryFolder(), "log")
    const fd = openSync(FULL, "w")
    onTestFinished(() => closeSync(fd))
    const log = new LogOutput(fd)
    for (let n = 1; n <= 3; n += 1) {
      log.write(`lost ${n}\n`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    // The number that is free is given to what is opened next.
    closeSync(fd)
    expect(openSync(file, "w")).toBe(fd)
    log.write("back\n")
    const lines = (): readonly string[] => readFileSync(file, "utf8").trimEnd().split("\n")
    await expect.poll(lines).toHaveLength(2)
    expect(lines()[0]).toBe("back")
    expect(JSON.parse(String(lines()[1]))).toMatchObject({ level: 40, dropped: 3 })
    await log.end()
  })
})
