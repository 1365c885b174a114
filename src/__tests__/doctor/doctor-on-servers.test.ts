import { readdirSync, readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { DoctorReport } from "../../domain/interfaces/session/ISessionService.js"
import { createSessionService } from "../../exports/index.js"
import { connectRedis } from "../../infrastructure/redis/clients/connect.js"
import { permissions } from "../../infrastructure/redis/scripts/scripts.generated.js"
import { SessionService } from "../../infrastructure/services/session/SessionService.js"
import { SERVER_KINDS, startCluster, startServer, type TestServer } from "../support/servers.js"
import { type RawClient, rawClient } from "../support/services-under-watch.js"

const CLIENTS = ["@redis/client", "redis", "ioredis", "iovalkey"] as const
type ClientPackage = (typeof CLIENTS)[number]
/** What docs/keys.md gives the library's user. */
const RIGHTS = /redis-cli ACL SETUSER coatcheck reset on ">\$PASSWORD" (.*?) \\\n\s+(.*?)\n/.exec(
  readFileSync(new URL("../../../docs/keys.md", import.meta.url), "utf8"),
)
/** What the near-cache needs beside it. */
const NEAR_CACHE = ["+exists", "+role", "+client|tracking", "+client|trackinginfo", "~near-cache"]
const MINIMAL = `${RIGHTS?.[1] ?? ""} ${RIGHTS?.[2] ?? ""}`.replaceAll("'", "").split(" ")

async function examine(url: string, clientPackage: ClientPackage = "@redis/client"): Promise<DoctorReport> {
  const service = new SessionService(await connectRedis(url, { timeoutMs: 5_000, clientPackage }), { timeout: "5s" })
  try {
    return await service.doctor()
  } finally {
    await service.close()
  }
}

const levels = ({ findings }: DoctorReport): Record<string, string> => Object.fromEntries(findings.map(({ check, level }) => [check, level]))
const problems = ({ findings }: DoctorReport): string[] => findings.filter(({ level }) => level === "problem").map(({ check }) => check)

const GOOD = ["--maxmemory", "64mb", "--appendonly", "yes", "--appendfsync", "always", "--repl-diskless-sync-delay", "0"]
const ALL_OK = {
  version: "ok",
  eviction: "ok",
  memory: "ok",
  persistence: "ok",
  saving: "ok",
  role: "ok",
  replicas: "ok",
  clock: "ok",
  permissions: "ok",
  cluster: "ok",
  encryption: "ok",
}

it("the check of rights names every command that a script runs", () => {
  const folder = new URL("../../infrastructure/redis/lua/", import.meta.url)
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    // What drop-in stores need beside that stands in docs/keys.md.
    .filter((file) => file.endsWith(".lua") && !file.startsWith("record-"))
    .map((file) => readFileSync(new URL(file, folder), "utf8"))
  const run = new Set(sources.flatMap((source) => [...source.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, command]) => command ?? "")))
  expect(run.size).toBeGreaterThan(10)
  const always = permissions.source.slice(0, permissions.source.indexOf("\nif "))
  const asked = new Set([...always.matchAll(/\{ '([A-Z]+)'/g)].map(([, command]) => command))
  expect([...run].filter((command) => !asked.has(command))).toEqual([])
  // And each of them is in the rights that the page on keys gives, with those that are sent as they are.
  expect([...asked].filter((command) => !MINIMAL.includes(`+${command?.toLowerCase()}`))).toEqual([])
})

describe.each(SERVER_KINDS)("doctor on %s", (kind) => {
  let server: TestServer
  let raw: RawClient
  beforeAll(async () => {
    server = await startServer({ kind, args: GOOD })
    raw = await rawClient(server.url)
  })
  afterAll(async () => {
    raw.close()
    await server.stop()
  })

  it.each(CLIENTS)("finds nothing wrong with a server that is set up well, through %s", async (clientPackage) => {
    const report = await examine(server.url, clientPackage)
    expect(levels(report)).toEqual(ALL_OK)
    expect(report.healthy).toBe(true)
    expect(report.findings.find(({ check }) => check === "version")?.found).toMatch(kind === "redis" ? /^Redis \d+\./ : /^Valkey \d+\./)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    for (const { level, remedy, found } of report.findings) {
      expect(remedy === null).toBe(level === "ok")
      expect(`${found}${remedy}`).not.toContain("\n")
    }
  })

  it("changes nothing, and its next report tells an eviction policy, a full memory, and a disk that failed", async () => {
    const service = await createSessionService({ store: server.url, timeout: "5s" })
    const settings = async (): Promise<unknown> => [await raw.send("DBSIZE"), await raw.send("CONFIG", "GET", "*")]
    const before = await settings()
    expect(problems(await service.doctor())).toEqual([])
    expect(await settings()).toEqual(before)
    await raw.send("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    expect(problems(await service.doctor())).toEqual(["eviction"])
    await raw.send("CONFIG", "SET", "maxmemory-policy", "noeviction", "appendfsync", "no", "maxmemory", "0")
    expect(levels(await service.doctor())).toEqual({ ...ALL_OK, persistence: "warning", memory: "warning" })
    await raw.send("CONFIG", "SET", "appendonly", "no", "save", "")
    expect((await service.doctor()).findings.find(({ check }) => check === "persistence")?.found).toMatch(/^none/)
    await raw.send("CONFIG", "SET", "save", "3600 1", "min-replicas-to-write", "1")
    const report = await service.doctor()
    expect(report.findings.find(({ check }) => check === "persistence")?.found).toMatch(/^snapshots only/)
    expect(problems(report)).toEqual(["replicas"])
    await raw.send("CONFIG", "SET", "min-replicas-to-write", "0", "appendonly", "yes", "appendfsync", "always", "maxmemory", "64mb", "save", "")
    await service.close()
  })

  it("names the rights that a user lacks, and calls unknown what that user may not see", async () => {
    const as = server.url.replace("//", "//coatcheck:pass@")
    await raw.send("ACL", "SETUSER", "coatcheck", "reset", "on", ">pass", ...MINIMAL)
    const minimal = await examine(as)
    expect(minimal.healthy).toBe(true)
    const unknown = {
      version: "unknown",
      eviction: "unknown",
      memory: "unknown",
      persistence: "unknown",
      saving: "unknown",
      role: "unknown",
      replicas: "unknown",
    }
    expect(levels(minimal)).toEqual({ ...ALL_OK, ...unknown, cluster: "unknown" })
    expect(minimal.findings.find(({ check }) => check === "eviction")?.remedy).toContain("INFO")
    await raw.send("ACL", "SETUSER", "coatcheck", "+info")
    expect(levels(await examine(as))).toEqual({ ...ALL_OK, persistence: "unknown" })
    await raw.send("CONFIG", "SET", "min-replicas-to-write", "1")
    expect(problems(await examine(as))).toEqual(["replicas"])
    await raw.send("CONFIG", "SET", "min-replicas-to-write", "0")
    await raw.send("ACL", "SETUSER", "coatcheck", "-zrem", "-unlink")
    const lacking = await examine(as, "ioredis")
    expect(problems(lacking)).toEqual(["permissions"])
    expect(lacking.findings.find(({ check }) => check === "permissions")).toMatchObject({
      found: expect.stringContaining("UNLINK, ZREM"),
      remedy: expect.stringContaining("+unlink +zrem"),
    })
    await raw.send("ACL", "SETUSER", "coatcheck", "+zrem", "+unlink", "resetkeys", "~session:*")
    expect((await examine(as)).findings.find(({ check }) => check === "permissions")?.found).toContain("ZADD")
    await raw.send("ACL", "SETUSER", "coatcheck", "~user_sessions:*", "-eval")
    expect((await examine(as)).findings.find(({ check }) => check === "permissions")).toMatchObject({
      level: "problem",
      found: expect.stringContaining("EVAL"),
    })
  })

  it.each([
    ["fsync", "waitaof"],
    ["replicas", "wait"],
  ] as const)("names the command with which durability %s waits, %s, once the user may not use it any more", async (durability, command) => {
    const as = server.url.replace("//", "//waiter:pass@")
    await raw.send("ACL", "SETUSER", "waiter", "reset", "on", ">pass", ...MINIMAL, `+${command}`, "~durable")
    const redis = await connectRedis(as, { timeoutMs: 5_000, clientPackage: "@redis/client", durability })
    const service = new SessionService(redis, { timeout: "5s" })
    const rights = async () => (await service.doctor()).findings.find(({ check }) => check === "permissions")
    expect(await rights()).toMatchObject({ level: "ok" })
    await raw.send("ACL", "SETUSER", "waiter", `-${command}`)
    expect(await rights()).toMatchObject({
      level: "problem",
      found: expect.stringContaining(`may not use ${command.toUpperCase()} `),
      remedy: expect.stringContaining(`+${command}`),
    })
    await raw.send("ACL", "SETUSER", "waiter", `+${command}`, "resetkeys", "~session:*", "~user_sessions:*")
    expect(await rights()).toMatchObject({ level: "problem", found: expect.stringContaining("may not use SET ") })
    await service.close()
  })

  it("names what the near-cache needs, once the user may not use it any more", async () => {
    const as = server.url.replace("//", "//reader:pass@")
    await raw.send("ACL", "SETUSER", "reader", "reset", "on", ">pass", ...MINIMAL, ...NEAR_CACHE)
    await using service = await createSessionService({ store: as, timeout: "5s", nearCache: true })
    const rights = async () => (await service.doctor()).findings.find(({ check }) => check === "permissions")
    expect(await rights()).toMatchObject({ level: "ok" })
    await raw.send("ACL", "SETUSER", "reader", "-role", "-client|tracking")
    expect(await rights()).toMatchObject({
      level: "problem",
      found: expect.stringContaining("may not use ROLE, CLIENT|TRACKING "),
      remedy: expect.stringContaining("+role +client|tracking,"),
    })
    await raw.send("ACL", "SETUSER", "reader", "+role", "+client|tracking", "-client|trackinginfo")
    expect(await rights()).toMatchObject({ level: "problem", found: expect.stringContaining("may not use CLIENT|TRACKINGINFO ") })
    await raw.send("ACL", "SETUSER", "reader", "+client|trackinginfo", "resetkeys", "~session:*", "~user_sessions:*")
    expect(await rights()).toMatchObject({ level: "problem", found: expect.stringContaining("may not use EXISTS ") })
    // Without a near-cache none of it is needed.
    await raw.send("ACL", "SETUSER", "reader", "reset", "on", ">pass", ...MINIMAL)
    expect(levels(await examine(as)).permissions).toBe("ok")
  })

  it("tells a replica, and what of a primary's replicas is in sync", async () => {
    await using replica = await startServer({ kind, args: [...GOOD, "--replicaof", "127.0.0.1", String(server.port)] })
    await expect.poll(async () => problems(await examine(replica.url)), { timeout: 10_000 }).toEqual(["role"])
    const told = async (): Promise<string | undefined> => (await examine(server.url)).findings.find(({ check }) => check === "replicas")?.found
    await expect.poll(told, { timeout: 10_000 }).toMatch(/^1, without a minimum/)
    // A replica without its primary runs no scripts of others, and is told as a replica all the same.
    const own = await rawClient(replica.url)
    const service = await createSessionService({ store: replica.url, timeout: "5s" })
    await own.send("CONFIG", "SET", "replica-serve-stale-data", "no")
    await own.send("REPLICAOF", "127.0.0.1", "1")
    await expect.poll(() => service.ping().catch((error: unknown) => error), { timeout: 10_000 }).toMatchObject({ code: "ERR_STORE_UNAVAILABLE" })
    expect(problems(await service.doctor())).toContain("role")
    await service.close()
    own.close()
  })

  it("asks every primary of a cluster, and tells one that is reached alone", async () => {
    await using cluster = await startCluster(kind)
    const nodes = await Promise.all(cluster.urls.map((url) => rawClient(url)))
    const url = `redis+cluster://127.0.0.1:${cluster.ports[0]}`
    for (const clientPackage of CLIENTS) {
      const report = await examine(url, clientPackage)
      expect(problems(report)).toEqual([])
      for (const port of cluster.ports) expect(report.findings.filter(({ node }) => node?.endsWith(`port ${port}`))).toHaveLength(10)
      expect(report.findings.filter(({ node }) => node === undefined).map(({ check }) => check)).toEqual(["encryption"])
    }
    const rights = async (user: string) => {
      await using service = await createSessionService({ store: url.replace("//", `//${user}:pass@`), timeout: "5s", nearCache: true })
      return new Set((await service.doctor()).findings.filter(({ check }) => check === "permissions").map(({ found }) => found))
    }
    for (const node of nodes) {
      await node.send("ACL", "SETUSER", "near", "reset", "on", ">pass", ...MINIMAL, ...NEAR_CACHE, "~near-cache*", "+cluster|slots", "+cluster|info")
      await node.send("ACL", "SETUSER", "nearly", "reset", "on", ">pass", ...MINIMAL, ...NEAR_CACHE, "+cluster|slots", "+cluster|info")
    }
    expect(await rights("near")).toEqual(new Set(["this user may do all that is needed"]))
    expect(await rights("nearly")).toContain("this user may not use EXISTS on the keys of sessions")
    await nodes[2]?.send("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    const report = await examine(url)
    expect(report.findings.filter(({ level }) => level === "problem").map(({ check, node }) => [check, node?.split("port ")[1]])).toEqual([
      ["eviction", String(cluster.ports[2])],
    ])
    expect(problems(await examine(cluster.urls[0] ?? ""))).toEqual(["cluster"])
    for (const node of nodes) node.close()
  }, 60_000)

  it("tells the primary of a cluster that does not answer, examines the others, and fails only when none answers", async () => {
    await using cluster = await startCluster(kind)
    const url = `redis+cluster://127.0.0.1:${cluster.ports[0]}`
    const connected = await Promise.all(CLIENTS.map((clientPackage) => connectRedis(url, { timeoutMs: 1_000, clientPackage })))
    const services = connected.map((redis) => new SessionService(redis, { timeout: "1s" }))
    for (const service of services) expect((await service.doctor()).healthy).toBe(true)
    const [lost, ...rest] = cluster.nodes
    lost?.pause()
    for (const { healthy, findings } of await Promise.all(services.map((service) => service.doctor()))) {
      expect(healthy).toBe(false)
      expect(findings.filter(({ level }) => level === "problem")).toEqual([
        {
          check: "cluster",
          level: "problem",
          found: expect.stringContaining("does not answer (ERR_STORE_TIMEOUT)"),
          remedy: expect.stringContaining("replica"),
          node: expect.stringMatching(new RegExp(`^primary \\d of 3, port ${lost?.port}$`)),
        },
      ])
      for (const { port } of rest) expect(findings.filter(({ node }) => node?.endsWith(`port ${port}`))).toHaveLength(10)
      expect(findings).toHaveLength(22)
    }
    // The users of the others are served.
    for (const service of services) await service.ping()
    for (const node of rest) node.pause()
    const unheard = services
      .flatMap((service) => [service.doctor(), service.ping()])
      .map((call) => expect(call).rejects.toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" }))
    await Promise.all(unheard)
    for (const node of cluster.nodes) node.resume()
    await lost?.kill9()
    for (const service of services) await expect.poll(() => service.ping().then(() => "answered"), { timeout: 20_000 }).toBe("answered")
    for (const service of services) await expect.poll(async () => problems(await service.doctor()), { timeout: 20_000 }).toContain("cluster")
    for (const service of services) await service.close()
  }, 60_000)

  it("fails when the server does not answer, and is in time", async () => {
    await using stopped = await startServer({ kind })
    const service = await createSessionService({ store: stopped.url, timeout: "300ms" })
    stopped.pause()
    await expect(service.doctor()).rejects.toMatchObject({ code: "ERR_STORE_TIMEOUT", outcome: "not-applied" })
    stopped.resume()
    await service.close()
  })
})
