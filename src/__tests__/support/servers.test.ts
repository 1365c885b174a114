import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { transpileModule } from "typescript"
import { afterEach, describe, expect, it, vi } from "vitest"
import { askServer, SERVER_KINDS, sharedServer, startCluster, startServer } from "./servers.js"

const running: { stop(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()))
})

describe.each(SERVER_KINDS)("a %s server for tests", (kind) => {
  it("answers, pauses, crashes, comes back on its port, and leaves nothing behind", async () => {
    const server = await startServer({ kind, args: ["--appendonly", "yes", "--appendfsync", "always"] })
    running.push(server)
    expect(await askServer(server.port, "SET coat 1")).toBe("+OK")
    server.pause()
    await expect(askServer(server.port, "PING")).rejects.toThrow("within 2 s")
    server.resume()
    const crashed = server.pid
    await server.kill9()
    await server.restart()
    expect(server.pid).not.toBe(crashed)
    expect(await askServer(server.port, "GET coat")).toBe("$1\r\n1")
    const last = server.pid
    server.pause()
    await server.stop()
    expect(existsSync(server.dir)).toBe(false)
    expect(() => process.kill(last, 0)).toThrow("ESRCH")
  })

  it("is the kind that was asked for", async () => {
    const info = await askServer(sharedServer(kind).port, "INFO server")
    expect(info.includes("valkey_version:")).toBe(kind === "valkey")
    expect(info).toMatch(/redis_version:\d/)
  })

  it("forms a cluster of three primaries", async () => {
    const cluster = await startCluster(kind)
    running.push(cluster)
    for (const port of cluster.ports) expect(await askServer(port, "CLUSTER INFO")).toContain("cluster_size:3")
    const replies = await Promise.all(cluster.ports.map((port) => askServer(port, "GET coat")))
    expect(replies.filter((reply) => reply === "$-1")).toHaveLength(1)
    expect(replies.filter((reply) => reply.startsWith("-MOVED"))).toHaveLength(2)
  })
})

it("a server that cannot start says why", async () => {
  await expect(startServer({ kind: "redis", args: ["--no-such-option", "1"] })).rejects.toThrow("ended before it answered")
})

it.each(["SIGKILL", "SIGTERM"] as const)("a test process that dies of %s leaves no server", async (signal) => {
  const dir = mkdtempSync(join(tmpdir(), "coatcheck-orphan-"))
  try {
    const source = readFileSync(new URL("./servers.ts", import.meta.url), "utf8")
    const program = `${source}\nconst own = await startServer({ kind: "redis" })\nconsole.log(JSON.stringify({ port: own.port, dir: own.dir }))\n`
    const options = { target: 99, module: 99 } as const
    writeFileSync(join(dir, "program.mjs"), transpileModule(program, { compilerOptions: options }).outputText)
    const parent = spawn(process.execPath, [join(dir, "program.mjs")], { stdio: ["ignore", "pipe", "inherit"] })
    const [line] = await once(parent.stdout, "data")
    const own = JSON.parse(String(line)) as { readonly port: number; readonly dir: string }
    expect(await askServer(own.port, "PING")).toBe("+PONG")
    parent.kill(signal)
    await vi.waitFor(() => expect(askServer(own.port, "PING")).rejects.toThrow("ECONNREFUSED"), { timeout: 5_000 })
    rmSync(own.dir, { recursive: true, force: true })
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})
