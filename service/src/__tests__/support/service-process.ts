import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

const SOURCE = fileURLToPath(new URL("../../", import.meta.url))
const MAIN = fileURLToPath(new URL("../../../dist/main.js", import.meta.url))

export type Environment = Readonly<Record<string, string>>
export interface SpawnOptions {
  readonly env?: Environment
  readonly cwd: string
  /** Another user, for whom root starts it. */
  readonly uid?: number | undefined
}

/** A process of the built service, and everything that it has printed. */
export interface ServiceProcess {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  stdout(): string
  stderr(): string
}

/** An empty folder, removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "coatcheck-service-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Starts the service as `npm start` does after building. It is killed with the test at the latest. */
export function spawnService({ env = {}, cwd, uid }: SpawnOptions, ...args: string[]): ServiceProcess {
  assertBuilt()
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH, COATCHECK_PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid, gid: uid }),
  })
  const printed = { stdout: "", stderr: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed.stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text))
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }))
  onTestFinished(() => void child.kill("SIGKILL"))
  return { child, ended, stdout: () => printed.stdout, stderr: () => printed.stderr }
}

/** Starts the service and waits until it listens. */
export async function startService(options: SpawnOptions): Promise<ServiceProcess & { readonly origin: string; readonly port: number }> {
  const service = spawnService(options)
  const deadline = Date.now() + 20_000
  for (;;) {
    const origin = /listens on (http:\S+:(\d+))\n[\s\S]*Try it:/.exec(service.stdout())
    if (origin !== null) return { ...service, origin: origin[1] ?? "", port: Number(origin[2]) }
    if (service.child.exitCode !== null || Date.now() > deadline) throw new Error(`the service did not start: ${service.stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The key that the service made in its folder. */
export function keyIn(cwd: string): string {
  return readFileSync(join(cwd, ".coatcheck/api-key"), "utf8").trim()
}

/** Calls a service over HTTP and answers status and body. */
export async function ask(
  origin: string,
  key: string,
  method: string,
  path: string,
  options: { readonly token?: string; readonly json?: unknown; readonly headers?: Environment } = {},
) {
  const headers = {
    Authorization: `Bearer ${key}`,
    "Content-Type": "application/json",
    ...(options.token !== undefined && { "X-Session-Token": options.token }),
    ...options.headers,
  }
  const response = await fetch(origin + path, { method, headers, body: options.json === undefined ? null : JSON.stringify(options.json) })
  const text = await response.text()
  return { status: response.status, text, body: text === "" ? undefined : JSON.parse(text) }
}

function assertBuilt(): void {
  const sources = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts") && !name.startsWith("__tests__"))
  const newest = Math.max(...sources.map((name) => statSync(join(SOURCE, name)).mtimeMs))
  const built = statSync(MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0
  if (built < newest) throw new Error("service/dist is missing or older than service/src: npm run build && npm run build:service")
}
