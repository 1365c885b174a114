import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect as connectTcp } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { askServer, freePort, SERVER_KINDS, startServer, type TestServer } from "../support/servers.js"

const PACKAGES = ["@redis/client", "ioredis", "iovalkey"] as const
const CHILD = fileURLToPath(new URL("tls-child.mjs", import.meta.url))

const NOT_TRUSTED = /not trusted.*NODE_EXTRA_CA_CERTS/

let dir: string

// Without openssl this throws, and with it every test here fails: nothing of TLS would have been tried.
function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { cwd: dir, stdio: "pipe" })
}

function makeAuthority(name: string): void {
  openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`, "-days", "30", "-keyout", `${name}.key`, "-out", `${name}.pem`)
  writeFileSync(join(dir, `${name}.index`), "")
  const lines = [
    "[ca]",
    "default_ca = own",
    "[own]",
    `database = ${name}.index`,
    "new_certs_dir = .",
    "rand_serial = yes",
    "default_md = sha256",
    "policy = any",
    "copy_extensions = copy",
    "unique_subject = no",
    "[any]",
    "commonName = supplied",
  ]
  writeFileSync(join(dir, `${name}.cnf`), `${lines.join("\n")}\n`)
}

function makeCertificate(name: string, days: readonly [number, number], authority = "authority", host = "IP:127.0.0.1"): void {
  openssl(
    "req",
    "-new",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-subj",
    `/CN=${name}`,
    "-addext",
    `subjectAltName=${host}`,
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
  )
  const [from, to] = days.map((day) => new Date(Date.now() + day * 86_400_000).toISOString().replace(/[-:T]|\.\d+/g, ""))
  const issuer = ["-config", `${authority}.cnf`, "-cert", `${authority}.pem`, "-keyfile", `${authority}.key`]
  openssl("ca", "-batch", "-notext", ...issuer, "-in", `${name}.csr`, "-out", `${name}.pem`, "-startdate", from ?? "", "-enddate", to ?? "")
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "coatcheck-tls-"))
  makeAuthority("authority")
  makeAuthority("stranger")
  makeCertificate("good", [-1, 20])
  makeCertificate("expired", [-20, -1])
  makeCertificate("early", [10, 20])
  makeCertificate("strange", [-1, 20], "stranger")
  makeCertificate("elsewhere", [-1, 20], "authority", "DNS:elsewhere.example")
})
afterAll(() => rmSync(dir, { recursive: true, force: true }))

interface Answer {
  readonly code?: string
  readonly message?: string
  readonly asked?: number
  readonly failed?: number
}

async function startTls(kind: (typeof SERVER_KINDS)[number], args: readonly string[] = []): Promise<{ readonly server: TestServer; readonly tlsPort: number }> {
  const tlsPort = await freePort()
  const files = ["--tls-cert-file", join(dir, "good.pem"), "--tls-key-file", join(dir, "good.key"), "--tls-ca-cert-file", join(dir, "authority.pem")]
  const server = await startServer({ kind, args: ["--tls-port", String(tlsPort), "--tls-auth-clients", "no", ...files, ...args] })
  return { server, tlsPort }
}

/** A Sentinel that speaks TLS alone, to its clients and to the primary. */
async function startTlsSentinel(kind: (typeof SERVER_KINDS)[number], primaryPort: number): Promise<{ readonly port: number; end(): Promise<void> }> {
  const port = await freePort()
  const own = mkdtempSync(join(dir, "sentinel-"))
  const config = join(own, "sentinel.conf")
  const lines = [
    "port 0",
    `tls-port ${port}`,
    "bind 127.0.0.1",
    `dir ${own}`,
    `tls-cert-file ${join(dir, "good.pem")}`,
    `tls-key-file ${join(dir, "good.key")}`,
    `tls-ca-cert-file ${join(dir, "authority.pem")}`,
    "tls-auth-clients no",
    "tls-replication yes",
    `sentinel monitor main 127.0.0.1 ${primaryPort} 1`,
    // It must not give the primary up while that shows a certificate of somebody else.
    "sentinel down-after-milliseconds main 60000",
  ]
  writeFileSync(config, `${lines.join("\n")}\n`)
  const child = spawn(`${kind}-server`, [config, "--sentinel"], { stdio: "ignore" })
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGKILL")
    await ended
  }
  const isUp = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connectTcp(port, "127.0.0.1")
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false))
      socket.once("connect", () => socket.destroy())
    })
  try {
    await expect.poll(isUp, { timeout: 10_000 }).toBe(true)
  } catch (error) {
    await end()
    throw error
  }
  return { port, end }
}

function startChild(args: readonly string[], authority = "authority"): ReturnType<typeof spawn> {
  return spawn(process.execPath, [CHILD, ...args], {
    env: { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: join(dir, `${authority}.pem`) },
    stdio: ["pipe", "pipe", "inherit"],
  })
}

async function connect(url: string, clientPackage: string, authority?: string): Promise<Answer> {
  const child = startChild([url, clientPackage], authority)
  return JSON.parse(await text(child.stdout as NonNullable<typeof child.stdout>))
}

async function present(server: TestServer, name: string): Promise<void> {
  expect(await askServer(server.port, `CONFIG SET tls-cert-file ${join(dir, `${name}.pem`)} tls-key-file ${join(dir, `${name}.key`)}`)).toBe("+OK")
}

describe.each(SERVER_KINDS)("over TLS to %s", (kind) => {
  it.each(PACKAGES)("%s trusts its authority, and says what is wrong with a certificate", { timeout: 60_000 }, async (clientPackage) => {
    const { server, tlsPort } = await startTls(kind)
    const url = `rediss://127.0.0.1:${tlsPort}`
    const staying = startChild([url, clientPackage, "stay"])
    try {
      expect(await connect(url, clientPackage)).toEqual({ asked: 1, failed: 0 })
      const printed: string[] = []
      staying.stdout?.on("data", (data) => printed.push(String(data)))
      await expect.poll(() => printed.join(""), { timeout: 10_000 }).toContain("connected")
      for (const [name, says] of [
        ["expired", /CERT_HAS_EXPIRED.*has expired/],
        ["early", /CERT_NOT_YET_VALID.*not valid yet/],
        ["strange", NOT_TRUSTED],
        ["elsewhere", /ALTNAME.*another host/],
      ] as const) {
        await present(server, name)
        expect(await connect(url, clientPackage), name).toEqual({ code: "ERR_STORE_UNAVAILABLE", message: expect.stringMatching(says) })
      }
      await present(server, "good")
      expect(await connect(url, clientPackage)).toEqual({ asked: 1, failed: 0 })
      await pause(50)
      const ended = new Promise((resolve) => staying.once("close", resolve))
      staying.stdin?.end()
      await ended
      const { asked = 0, failed } = JSON.parse(printed.join("").split("\n")[1] ?? "{}") as Answer
      // The connection was made before, and outlived them all.
      expect(failed).toBe(0)
      expect(asked).toBeGreaterThan(100)
    } finally {
      staying.kill("SIGKILL")
      await server.stop()
    }
  })

  it.each(["@redis/client", "ioredis"] as const)(
    "%s follows Sentinels over TLS, and trusts neither them nor their primary blindly",
    { timeout: 60_000 },
    async (clientPackage) => {
      const { server, tlsPort } = await startTls(kind, ["--tls-replication", "yes"])
      const sentinel = await startTlsSentinel(kind, tlsPort)
      const url = `rediss+sentinel://127.0.0.1:${sentinel.port}/main`
      try {
        expect(await connect(url, clientPackage)).toEqual({ asked: 1, failed: 0 })
        // ioredis keeps to itself why it could not connect to a Sentinel.
        const says = clientPackage === "ioredis" ? /Cannot connect/ : NOT_TRUSTED
        expect(await connect(url, clientPackage, "stranger")).toEqual({ code: "ERR_STORE_UNAVAILABLE", message: expect.stringMatching(says) })
        // The Sentinel is trusted still, the primary that it names is not.
        await present(server, "strange")
        expect(await connect(url, clientPackage)).toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
        await present(server, "good")
        expect(await connect(url, clientPackage)).toEqual({ asked: 1, failed: 0 })
      } finally {
        await sentinel.end()
        await server.stop()
      }
    },
  )

  it("a cluster is served over TLS on every node that it names", { timeout: 30_000 }, async () => {
    const busPort = await freePort()
    const { server, tlsPort } = await startTls(kind, ["--cluster-enabled", "yes", "--cluster-port", String(busPort), "--cluster-announce-ip", "127.0.0.1"])
    try {
      expect(await askServer(server.port, "CLUSTER ADDSLOTSRANGE 0 16383")).toBe("+OK")
      await expect.poll(() => askServer(server.port, "CLUSTER INFO"), { timeout: 10_000 }).toContain("cluster_state:ok")
      const url = `rediss+cluster://127.0.0.1:${tlsPort}`
      for (const clientPackage of PACKAGES) expect(await connect(url, clientPackage), clientPackage).toEqual({ asked: 1, failed: 0 })
      await present(server, "expired")
      for (const clientPackage of PACKAGES) expect(await connect(url, clientPackage), clientPackage).toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
    } finally {
      await server.stop()
    }
  })
})
