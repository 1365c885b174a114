import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const PROGRAM = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
const CANCELLED = 130

/** Processes that a process has started: each library's, and its servers. */
function startedBy(parent: number): readonly number[] {
  const all = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).trim().split("\n")
  return all.map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid] : []))
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A run that has begun to measure. */
async function measuring(told: string[]) {
  const child = spawn(process.execPath, [PROGRAM, "limits", "--quick"], { stdio: ["ignore", "ignore", "pipe"] })
  const ended = once(child, "exit")
  child.stderr.setEncoding("utf8")
  for await (const text of child.stderr.iterator({ destroyOnReturn: false })) {
    told.push(text)
    if (told.join("").includes("warming up")) break
  }
  child.stderr.on("data", (text: string) => told.push(text))
  return { pid: child.pid ?? 0, ended }
}

describe("a run that measures libraries in processes of their own", () => {
  it("ends all of them and its servers when it is cancelled", async () => {
    const { pid, ended } = await measuring([])
    const started = startedBy(pid)
    // The server, the raw commands, ours, and two libraries more.
    expect(started.length).toBeGreaterThanOrEqual(5)
    process.kill(pid, "SIGINT")
    expect(await ended).toEqual([CANCELLED, null])
    expect(started.filter(runs)).toEqual([])
  })

  it("ends with an error that names the one that died", async () => {
    const told: string[] = []
    const { pid, ended } = await measuring(told)
    const started = startedBy(pid)
    const doomed = started.find((one) => execFileSync("ps", ["-o", "args=", "-p", String(one)], { encoding: "utf8" }).includes("subject.js"))
    process.kill(doomed ?? 0, "SIGKILL")
    expect(await ended).toEqual([2, null])
    expect(told.join("")).toMatch(/bench: .*: Expected the process of [a-z -]+ to answer, but it ended \(SIGKILL\)/)
    expect(started.filter(runs)).toEqual([])
  })
})
