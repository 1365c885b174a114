import { expect, it, vi } from "vitest"
import { runScript } from "../../../../../infrastructure/redis/scripts/run-script.js"

const SCRIPT = { name: "test", source: "return 1", sha1: "0".repeat(40), readOnly: false }
const noScript = (): Promise<never> => Promise.reject(new Error("NOSCRIPT No matching script. Please use EVAL."))

it("sends the hash, and the source only where the server does not know it", async () => {
  const send = vi.fn<(args: readonly string[]) => Promise<unknown>>().mockImplementationOnce(noScript).mockResolvedValue("done")
  const { signal } = new AbortController()
  expect(await runScript(send, SCRIPT, ["{a}1", "{a}2"], ["x", 7], signal)).toBe("done")
  expect(await runScript(send, SCRIPT, [], [], signal)).toBe("done")
  expect(send.mock.calls).toEqual([
    [["evalsha", SCRIPT.sha1, "2", "{a}1", "{a}2", "x", "7"]],
    [["eval", SCRIPT.source, "2", "{a}1", "{a}2", "x", "7"]],
    [["evalsha", SCRIPT.sha1, "0"]],
  ])
})

it("sends nothing more once its caller was told that time is up", async () => {
  const send = vi.fn(noScript)
  const timeUp = new Error("time is up")
  await expect(runScript(send, SCRIPT, ["a"], [], AbortSignal.abort(timeUp))).rejects.toBe(timeUp)
  expect(send).toHaveBeenCalledTimes(1)
})

it("does not repeat a script that failed in another way", async () => {
  const send = vi.fn(() => Promise.reject(new Error("ERR it was NOSCRIPT that somebody wrote")))
  await expect(runScript(send, SCRIPT, ["a"], [], new AbortController().signal)).rejects.toThrow("ERR")
  expect(send).toHaveBeenCalledTimes(1)
})
