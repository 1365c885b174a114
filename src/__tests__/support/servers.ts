import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as pause } from "node:timers/promises"

export type ServerKind = "redis" | "valkey"

export const SERVER_KINDS: readonly ServerKind[] = ["redis", "valkey"]

export interface TestServer extends AsyncDisposable {
  readonly kind: ServerKind
  readonly port: number
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  /** Of the process that runs now; changes with `restart`. */
  readonly pid: number
  /** The server's working folder; `server.log` lies in it. Removed by `stop`. */
  readonly dir: string
  /** Ends the process and removes its folder. May be called twice. */
  stop(): Promise<void>
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  /** SIGCONT after `pause`. */
  resume(): void
  /** SIGKILL, as a crash. The folder stays, so that `restart` finds what was saved. */
  kill9(): Promise<void>
  /** Starts again on the same port and in the same folder, after ending what still runs. */
  restart(): Promise<void>
}

export interface TestCluster extends AsyncDisposable {
  readonly kind: ServerKind
  readonly ports: readonly number[]
  readonly urls: readonly string[]
  /** The primaries of the beginning. */
  readonly nodes: readonly TestServer[]
  /** One of each primary, in the same order; none unless asked for. */
  readonly replicas: readonly TestServer[]
  stop(): Promise<void>
}

/** A primary with two replicas, and three Sentinels that watch it. */
export interface TestSentinels extends AsyncDisposable {
  readonly kind: ServerKind
  /** The name under which the Sentinels know the primary. */
  readonly primaryName: string
  /** The primary of the beginning; a failover makes a replica the next one. */
  readonly primary: TestServer
  readonly replicas: readonly TestServer[]
  readonly sentinels: readonly TestServer[]
  stop(): Promise<void>
}

const START_DEADLINE_MS = 20_000
const STOP_DEADLINE_MS = 5_000
const FORMED_DEADLINE_MS = 30_000
const SLOTS = 16_384
const START_ATTEMPTS = 5

// A test process that is killed outright runs no exit hook; the kernel then ends the server, because setpriv asked it to.
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path))

const left = new Set<{ readonly child: ChildProcess; readonly dir: string }>()
process.on("exit", () => {
  for (const { child, dir } of left) {
    child.kill("SIGKILL")
    rmSync(dir, { recursive: true, force: true, maxRetries: 3 })
  }
})

/**
 * Starts a server of its own on a free loopback port, without persistence unless `args` ask for it.
 *
 * @param options `args`: the server's own options, e.g. `["--maxmemory", "8mb"]`; later ones win over the defaults
 * @returns the server, answering PING
 */
export function startServer(options: { readonly kind: ServerKind; readonly args?: readonly string[] }): Promise<TestServer> {
  return startProcess(options.kind, options.args ?? [])
}

async function startProcess(kind: ServerKind, args: readonly string[], watched?: readonly string[]): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    const server = new ServerProcess(kind, await freePort(), args, watched)
    try {
      await server.start()
      return server
    } catch (error) {
      await server.stop()
      // Somebody else may take a port between the moment it was found free and the server's own bind.
      if (attempt === START_ATTEMPTS || !(error instanceof PortTaken)) throw error
    }
  }
}

/**
 * Starts a cluster of three primaries that covers every slot.
 *
 * @param options `replicas`: one for each primary, in sync, else none; `args`: of every node, e.g. `["--cluster-node-timeout", "1000"]`
 */
export async function startCluster(
  kind: ServerKind,
  { replicas: withReplicas = false, args = [] }: { readonly replicas?: boolean; readonly args?: readonly string[] } = {},
): Promise<TestCluster> {
  const started: TestServer[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((node) => node.stop()))
  }
  try {
    const busPorts: number[] = []
    for (let i = 0; i < (withReplicas ? 6 : 3); i++) {
      const busPort = await freePort()
      busPorts.push(busPort)
      const own = ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-node-timeout", "5000", "--repl-diskless-sync-delay", "0"]
      started.push(await startServer({ kind, args: [...own, ...args] }))
    }
    const nodes = started.slice(0, 3)
    const replicas = started.slice(3)
    await joinNodes(nodes, busPorts)
    for (const [i, replica] of replicas.entries()) await joinReplica(replica, nodes[i] as TestServer, busPorts[i] as number)
    // A primary hands over to no replica that it has not heard of as such, and lets none be elected.
    for (const node of nodes)
      await until(`the primaries of ${kind} to know the replicas`, async () => countReplicas(await askServer(node.port, "CLUSTER NODES")) === replicas.length)
    return { kind, nodes, replicas, ports: nodes.map((node) => node.port), urls: nodes.map((node) => node.url), stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * Starts a primary, two replicas in sync with it, and three Sentinels that agree about them.
 *
 * @param options `downAfterMs`: for how long the primary is silent before they act
 */
export async function startSentinels(kind: ServerKind, { downAfterMs = 1_000 }: { readonly downAfterMs?: number } = {}): Promise<TestSentinels> {
  const primaryName = "main"
  const started: TestServer[] = []
  const keep = async (starting: Promise<TestServer>): Promise<TestServer> => {
    const server = await starting
    started.push(server)
    return server
  }
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()))
  }
  try {
    const primary = await keep(startServer({ kind, args: ["--repl-diskless-sync-delay", "0"] }))
    const replicas: TestServer[] = []
    for (let i = 0; i < 2; i++) replicas.push(await keep(startServer({ kind, args: ["--replicaof", "127.0.0.1", String(primary.port)] })))
    await until(`the replicas of ${kind} to be in sync`, async () => (await askServer(primary.port, "INFO replication")).split("state=online").length === 3)
    const watched = [
      `sentinel monitor ${primaryName} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
      `sentinel failover-timeout ${primaryName} 3000`,
    ]
    const sentinels: TestServer[] = []
    for (let i = 0; i < 3; i++) sentinels.push(await keep(startProcess(kind, [], watched)))
    for (const sentinel of sentinels) {
      await until(`the Sentinels of ${kind} to know each other and the replicas`, async () =>
        /num-slaves\r\n\$1\r\n2\r\n.*num-other-sentinels\r\n\$1\r\n2\r\n/s.test(await askServer(sentinel.port, `SENTINEL MASTER ${primaryName}`)),
      )
    }
    return { kind, primaryName, primary, replicas, sentinels, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/**
 * The one server of this kind that serves the whole test run (started by the global set-up). Use a random key prefix, and change nothing
 * that other tests could notice: no FLUSHALL, no CONFIG SET, no CLIENT KILL of others.
 */
export function sharedServer(kind: ServerKind): { readonly port: number; readonly url: string } {
  const name = sharedPortVariable(kind)
  const port = Number(process.env[name])
  if (!Number.isInteger(port) || port <= 0)
    throw new Error(`Expected ${name} to hold the port of the shared ${kind} server: run the tests through vitest.config.ts`)
  return { port, url: urlOf(port) }
}

/** The environment variable in which the global set-up leaves the port of a shared server. */
export function sharedPortVariable(kind: ServerKind): string {
  return `COATCHECK_TEST_${kind.toUpperCase()}_PORT`
}

/** Sends one inline command over a connection of its own and returns the raw reply, e.g. `"+PONG"`. */
export async function askServer(port: number, command: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, timeout: 2_000 })
  socket.on("timeout", () => socket.destroy(new Error(`Expected a reply to ${command.split(" ")[0]} within 2 s`)))
  // A Sentinel knows no QUIT, but ends the connection with the other side.
  socket.end(`${command}\r\nQUIT\r\n`)
  const reply = await text(socket)
  return reply.replace(/\r\n(\+OK|-ERR unknown command [^\r]*)\r\n$/, "")
}

class PortTaken extends Error {}

class ServerProcess implements TestServer {
  readonly kind: ServerKind
  readonly port: number
  readonly dir: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined
  #entry: { readonly child: ChildProcess; readonly dir: string } | undefined

  constructor(kind: ServerKind, port: number, args: readonly string[], watched?: readonly string[]) {
    this.kind = kind
    this.port = port
    this.dir = mkdtempSync(join(tmpdir(), `coatcheck-${kind}-`))
    if (watched !== undefined) {
      // A Sentinel writes what it learns into its file, and starts with nothing else.
      const file = join(this.dir, "sentinel.conf")
      const lines = [`port ${port}`, "bind 127.0.0.1", `dir ${this.dir}`, `logfile ${join(this.dir, "server.log")}`, ...watched]
      writeFileSync(file, `${lines.join("\n")}\n`)
      this.#args = [file, "--sentinel"]
      return
    }
    this.#args = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      this.dir,
      "--logfile",
      join(this.dir, "server.log"),
      ...args,
    ]
  }

  get url(): string {
    return urlOf(this.port)
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`Expected a running ${this.kind} server, got one that was ended`)
    return pid
  }

  async start(): Promise<void> {
    const command = `${this.kind}-server`
    const child = SETPRIV
      ? spawn(SETPRIV, ["--pdeathsig", "KILL", command, ...this.#args], { stdio: "ignore" })
      : spawn(command, this.#args, { stdio: "ignore" })
    // Without a listener a missing program would be an uncaught exception instead of this start's failure.
    child.on("error", () => undefined)
    this.#child = child
    this.#entry = { child, dir: this.dir }
    left.add(this.#entry)
    await this.#answers(child)
  }

  async #answers(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS
    while (Date.now() < deadline) {
      if (child.pid === undefined || hasEnded(child)) throw this.#failure("ended before it answered")
      const reply = await askServer(this.port, "PING").catch(() => "")
      // A server that asks for a password, or whose primary is away, does answer; one that still loads its data does not yet.
      if (/^(\+PONG|-NOAUTH|-MASTERDOWN|-DENIED|-NOPERM)/.test(reply) && !hasEnded(child)) return
      await pause(20)
    }
    throw this.#failure(`did not answer PING within ${START_DEADLINE_MS} ms`)
  }

  #failure(what: string): Error {
    const logFile = join(this.dir, "server.log")
    const log = existsSync(logFile)
      ? readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-5).join("\n")
      : `no log: is ${this.kind}-server installed? (npm run servers)`
    const message = `The ${this.kind} server on port ${this.port} ${what}:\n${log}`
    return /Address already in use/.test(log) ? new PortTaken(message) : new Error(message)
  }

  pause(): void {
    process.kill(this.pid, "SIGSTOP")
  }

  resume(): void {
    process.kill(this.pid, "SIGCONT")
  }

  async kill9(): Promise<void> {
    await this.#end("SIGKILL")
  }

  async restart(): Promise<void> {
    await this.#end("SIGTERM")
    await this.start()
  }

  async stop(): Promise<void> {
    await this.#end("SIGTERM")
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 })
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    if (child.pid !== undefined && !hasEnded(child)) {
      const ended = once(child, "exit")
      child.kill(signal)
      // A paused process takes SIGTERM only after it goes on.
      child.kill("SIGCONT")
      const last = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS)
      await ended
      clearTimeout(last)
    }
    if (this.#entry !== undefined) left.delete(this.#entry)
    this.#child = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function urlOf(port: number): string {
  return `redis://127.0.0.1:${port}`
}

/** A port of the loopback that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const listener = createServer()
  listener.listen(0, "127.0.0.1")
  await once(listener, "listening")
  const address = listener.address()
  listener.close()
  await once(listener, "close")
  if (address === null || typeof address === "string") throw new Error("Expected the listener to have a port")
  return address.port
}

async function joinNodes(nodes: readonly TestServer[], busPorts: readonly number[]): Promise<void> {
  const share = Math.ceil(SLOTS / nodes.length)
  for (const [i, node] of nodes.entries()) {
    await expectOk(node, `CLUSTER SET-CONFIG-EPOCH ${i + 1}`)
    await expectOk(node, `CLUSTER ADDSLOTSRANGE ${i * share} ${Math.min(SLOTS, (i + 1) * share) - 1}`)
    if (i > 0) await expectOk(node, `CLUSTER MEET 127.0.0.1 ${nodes[0]?.port} ${busPorts[0]}`)
  }
  for (const node of nodes) await until(`the cluster of ${node.kind} to be formed`, () => seesWholeCluster(node, nodes.length))
}

async function joinReplica(replica: TestServer, primary: TestServer, busPort: number): Promise<void> {
  await expectOk(replica, `CLUSTER MEET 127.0.0.1 ${primary.port} ${busPort}`)
  const id = (await askServer(primary.port, "CLUSTER MYID")).split("\r\n")[1] ?? ""
  // It has to hear of the primary first.
  await until(`a replica of ${replica.kind} to join`, async () => (await askServer(replica.port, `CLUSTER REPLICATE ${id}`)) === "+OK")
  await until(`a replica of ${replica.kind} to be in sync`, async () => (await askServer(primary.port, "INFO replication")).includes("state=online"))
}

function countReplicas(nodes: string): number {
  return nodes.split("\n").filter((node) => node.split(" ")[2] === "slave").length
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + FORMED_DEADLINE_MS
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Expected ${what} within ${FORMED_DEADLINE_MS} ms`)
    await pause(50)
  }
}

async function expectOk(node: TestServer, command: string): Promise<void> {
  const reply = await askServer(node.port, command)
  if (reply !== "+OK") throw new Error(`Expected ${command} to answer +OK, got ${reply}`)
}

async function seesWholeCluster(node: TestServer, size: number): Promise<boolean> {
  const info = await askServer(node.port, "CLUSTER INFO")
  return info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${SLOTS}`) && info.includes(`cluster_size:${size}`)
}
