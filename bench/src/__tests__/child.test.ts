import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { Child } from "../processes/Child.js"

const ANSWERING = new URL("../../dist/processes/answer-parent.js", import.meta.url)
const PROGRAM = `
import { answerParent } from ${JSON.stringify(ANSWERING.href)}
answerParent(async (question) => {
  if (question === "end") process.exit(3)
  if (question === "fail") throw new RangeError("Expected another question")
  if (question === "forever") return new Promise(() => setInterval(() => undefined, 1_000))
  return { question, latencies: new Float64Array([1, 2]), mode: process.env.NODE_ENV }
})
`

describe("Child", () => {
  let folder = ""
  const start = () => new Child("a library", pathToFileURL(join(folder, "program.mjs")))
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "coatcheck-bench-"))
    await writeFile(join(folder, "program.mjs"), PROGRAM)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it("answers questions, with what JSON does not know", async () => {
    await using child = start()
    expect(await child.ask({ slice: 1 })).toEqual({ question: { slice: 1 }, latencies: new Float64Array([1, 2]), mode: "production" })
    expect(await child.ask("again")).toMatchObject({ question: "again" })
  })

  it("fails with what its program failed with, and goes on", async () => {
    await using child = start()
    await expect(child.ask("fail")).rejects.toThrow("Expected another question")
    expect(await child.ask("again")).toMatchObject({ question: "again" })
  })

  it("names the process that ends before it answers, now and later", async () => {
    await using child = start()
    const ended = "Expected the process of a library to answer, but it ended (exit code 3)"
    await expect(child.ask("end")).rejects.toThrow(ended)
    await expect(child.ask("again")).rejects.toThrow(ended)
  })

  it("names the process that is killed", async () => {
    await using child = start()
    await child.ask("again")
    const asked = child.ask("forever")
    process.kill(pidOf(child), "SIGKILL")
    await expect(asked).rejects.toThrow("Expected the process of a library to answer, but it ended (SIGKILL)")
  })

  it("is not waited for any longer when it is cancelled, and ends when it is let go, whatever it does", async () => {
    const cancel = new AbortController()
    const pid = await (async () => {
      await using child = start()
      await child.ask("again")
      const asked = child.ask("forever", cancel.signal)
      cancel.abort(new Error("enough"))
      await expect(asked).rejects.toThrow("enough")
      return pidOf(child)
    })()
    expect(() => process.kill(pid, 0)).toThrow("ESRCH")
  })
})

function pidOf({ pid }: Child): number {
  if (pid === undefined) throw new Error("Expected a process that was started")
  return pid
}
