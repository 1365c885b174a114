import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { execPath, platform } from "node:process"
import { expect, it } from "vitest"
import { AwakeCores } from "../processes/AwakeCores.js"

const PROGRAM = new URL("../../dist/processes/AwakeCores.js", import.meta.url).href
/** Its parent, its user time and its scheduling class, as `proc_pid_stat(5)` counts them; `null` where it has ended. */
async function statOf(pid: number): Promise<{ readonly ticks: number; readonly policy: number } | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null)
  if (text === null) return null
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  return fields[0] === "Z" ? null : { ticks: Number(fields[11]), policy: Number(fields[38]) }
}
const SCHED_IDLE = 5

it.runIf(platform === "linux")("keeps each core busy with a loop that gives way, until it is let go", async () => {
  const program = `import { AwakeCores } from ${JSON.stringify(PROGRAM)}
    const cores = await AwakeCores.start()
    console.log(JSON.stringify(cores?.pids ?? null))
    process.stdin.once("data", async () => { await cores?.[Symbol.asyncDispose](); console.log("gone") }).once("end", () => process.exit())`
  const parent = spawn(execPath, ["--input-type=module", "-e", program], { stdio: ["pipe", "pipe", "inherit"] })
  try {
    const [told] = (await once(parent.stdout, "data")) as [Buffer]
    const pids = JSON.parse(told.toString()) as readonly number[]
    expect(pids).toHaveLength(availableParallelism())
    for (const pid of pids) expect(await statOf(pid)).toMatchObject({ policy: SCHED_IDLE })
    parent.stdin.write("end\n")
    await once(parent.stdout, "data")
    for (const pid of pids) expect(await statOf(pid)).toBeNull()
  } finally {
    parent.kill("SIGKILL")
  }
})

it.runIf(platform === "linux")("ends with the program that started it, however that ends", async () => {
  const program = `import { AwakeCores } from ${JSON.stringify(PROGRAM)}
    console.log(JSON.stringify((await AwakeCores.start())?.pids ?? null)); setInterval(() => undefined, 1_000)`
  const parent = spawn(execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "inherit"] })
  const [told] = (await once(parent.stdout, "data")) as [Buffer]
  const pids = JSON.parse(told.toString()) as readonly number[]
  parent.kill("SIGKILL")
  await once(parent, "exit")
  await expect.poll(async () => (await Promise.all(pids.map(statOf))).every((stat) => stat === null), { timeout: 60_000, interval: 50 }).toBe(true)
})

it("says so where there is no such priority", async () => {
  expect(await AwakeCores.start(["no-such-program"])).toBeNull()
  expect(await AwakeCores.start([execPath, "-e", "process.exit(1)", "--"])).toBeNull()
})
