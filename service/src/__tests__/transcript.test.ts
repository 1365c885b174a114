import { spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, it, onTestFinished } from "vitest"
import { startService, temporaryFolder } from "./support/service-process.js"

const file = (name: string) => fileURLToPath(new URL(`../../../${name}`, import.meta.url))

/** The console blocks of a text, each going on where the one before ended: each command with what it prints. */
function transcript(markdown: string): readonly { readonly command: string; readonly output: string }[] {
  const blocks = [...markdown.matchAll(/```console\n([\s\S]*?)```/g)].map(([, block]) => block)
  return blocks
    .join("")
    .split(/^\$ /m)
    .slice(1)
    .map((step) => ({ command: step.slice(0, step.indexOf("\n")), output: step.slice(step.indexOf("\n") + 1).trimEnd() }))
}

/** One shell, as a reader would use it: variables live on from command to command. */
function shell(cwd: string, port: number) {
  // The commands name the default port; this test's service listens on a free one.
  writeFileSync(join(cwd, ".curlrc"), `connect-to = "127.0.0.1:8420:127.0.0.1:${port}"\n`)
  const bash = spawn("bash", ["--norc"], { cwd, env: { PATH: process.env.PATH, HOME: cwd, CURL_HOME: cwd }, stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => void bash.kill("SIGKILL"))
  let printed = ""
  bash.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text))
  return async (command: string): Promise<string> => {
    printed = ""
    bash.stdin.write(`${command}\nprintf '\\x00'\n`)
    await expect.poll(() => printed.endsWith("\0"), { timeout: 10_000 }).toBe(true)
    return printed.slice(0, -1).trimEnd()
  }
}

/** `…` stands for anything. */
function pattern(output: string): RegExp {
  const literal = output.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
  return new RegExp(`^${literal.join("[^\\n]*?")}$`)
}

// The README is checked as soon as there is one; the page of the API always.
const pages = ["docs/http-api.md", "README.md"].filter((name) => existsSync(file(name)))

it.each(pages)("the transcript of %s runs word by word, with a kill -9 in the middle", async (name) => {
  const markdown = readFileSync(file(name), "utf8")
  if (name === "README.md") expect(markdown).toContain("<!-- transcript -->")
  const steps = transcript(markdown.slice(Math.max(0, markdown.indexOf("<!-- transcript -->"))))
  expect(steps.length).toBeGreaterThan(8)
  const cwd = temporaryFolder()
  const rules = /^COATCHECK_RATE_LIMITS='(.*)' npm start$/m.exec(markdown)?.[1]
  const env = rules === undefined ? {} : { COATCHECK_RATE_LIMITS: rules }
  let service = await startService({ cwd, env })
  const run = shell(cwd, service.port)
  for (const [index, { command, output }] of steps.entries()) {
    const printed = await run(command)
    expect(printed, `what is printed by: ${command}`).toMatch(pattern(output))
    if (index !== Math.floor(steps.length / 2)) continue
    service.child.kill("SIGKILL")
    await service.ended
    service = await startService({ cwd, env: { ...env, COATCHECK_PORT: String(service.port) } })
  }
})
