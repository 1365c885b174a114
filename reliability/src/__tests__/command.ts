import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { onTestFailed, onTestFinished } from "vitest"

const PROGRAM = fileURLToPath(new URL("../../dist/main.js", import.meta.url))

/** Characters of its progress, where a test failed. */
const TOLD = 2_000

export interface CommandEnd {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** For the temporary files of one run; it is gone with the test that asked for it. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-reliability-test-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}

/**
 * Runs the built command, until the test is over at the latest.
 *
 * @param folder where it puts its temporary files
 * @param onStderr told each piece of its progress, and how to interrupt it
 */
export async function runCommand(
  args: readonly string[],
  folder: string,
  onStderr: (piece: string, interrupt: () => void) => void = () => undefined,
): Promise<CommandEnd> {
  if (!existsSync(PROGRAM)) throw new Error("Expected the command to be built: npm run build:reliability")
  // Where CI is set, a row that cannot run on this machine would count as failed.
  const { CI: _ci, ...withoutCi } = process.env
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"], env: { ...withoutCi, TMPDIR: folder } })
  const ended = once(child, "exit")
  onTestFinished(() => void child.kill("SIGTERM"))
  let stderr = ""
  onTestFailed(() => console.error(`The last that ${["reliability", ...args].join(" ")} told:\n${stderr.slice(-TOLD)}`))
  child.stderr.setEncoding("utf8").on("data", (piece: string) => {
    stderr += piece
    onStderr(piece, () => child.kill("SIGINT"))
  })
  const stdout = await text(child.stdout)
  await ended
  return { exitCode: child.exitCode, stdout, stderr }
}
