import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { expect, it } from "vitest"

const PROGRAM = fileURLToPath(new URL("../../dist/main.js", import.meta.url))
const UNREAD = 141

it("ends without a word when nobody reads on, as after head", async () => {
  const child = spawn(process.execPath, [PROGRAM, "accuracy", "--quick"], { stdio: ["ignore", "pipe", "pipe"] })
  const ended = once(child, "exit")
  const told: string[] = []
  child.stderr.setEncoding("utf8").on("data", (text: string) => told.push(text))
  await once(child.stdout, "data")
  child.stdout.destroy()
  expect(await ended).toEqual([UNREAD, null])
  expect(told.join("")).not.toMatch(/EPIPE|bench:/)
})
