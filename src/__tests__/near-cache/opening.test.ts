import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Redis as IoRedis } from "ioredis"
import { Redis as Valkey } from "iovalkey"
import { createClient, createClientPool } from "redis"
import { describe, expect, it } from "vitest"
import { createSessionService, type SessionEvent } from "../../exports/index.js"
import { nearCached } from "../support/near-cached.js"
import { askServer, SERVER_KINDS, sharedServer, startServer } from "../support/servers.js"
import { randomPrefix } from "../support/services-under-watch.js"

const INVALID = { code: "ERR_CONFIG_INVALID" }

describe("the option nearCache", () => {
  it.each(["memory:", "sqlite:./never-made.db"])("is refused together with %s, which is in this process already", async (store) => {
    await expect(createSessionService({ store, nearCache: true })).rejects.toMatchObject({ ...INVALID, message: expect.stringContaining("nearCache") })
  })

  it("is refused with ioredis where @redis/client is not installed, with what to do", async () => {
    // A process of its own, in which the package is not found; it uses dist/.
    const hooks = `export async function resolve(name, context, next) {
      if (name !== "@redis/client" && name !== "redis") return next(name, context)
      throw Object.assign(new Error("Cannot find package '" + name + "' imported from here"), { code: "ERR_MODULE_NOT_FOUND" })
    }`
    const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`
    const program = `
      const { Redis } = await import("ioredis")
      const { createSessionService } = await import("coatcheck")
      const refused = await createSessionService({ store: new Redis({ lazyConnect: true }), nearCache: true }).catch((error) => error)
      console.log(refused.code, refused.message)`
    const loader = asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(hooks))})`)
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", loader, "--input-type=module", "-e", program])
    expect(stdout).toMatch(/^ERR_CONFIG_INVALID .*npm install @redis\/client/)
  })

  it.each([
    1,
    "yes",
    null,
    [],
    { leese: "1s" },
    { lease: "99ms" },
    { lease: "11s" },
    { lease: "1" },
    { maxEntries: 0 },
    { maxEntries: 1.5 },
    { maxBytes: 1_000 },
    { maxBytes: "64MiB" },
  ])("is refused when it is %j", async (nearCache) => {
    await expect(createSessionService({ store: "redis://127.0.0.1:1", nearCache: nearCache as never })).rejects.toMatchObject(INVALID)
  })
})

describe.each(SERVER_KINDS)("on %s", (kind) => {
  it("works with a pool, and together with durability", async () => {
    const server = await startServer({ kind, args: ["--appendonly", "yes"] })
    const pool = createClientPool({ url: server.url })
    await pool.connect()
    const near = {
      pool: await createSessionService({ store: pool, nearCache: true }),
      ...(await nearCached(server.url, { durability: "fsync", timeout: "5s" })),
    }
    const { token } = await near.service.createSession({ userId: "both" })
    for (const service of [near.pool, near.service]) expect((await service.getSession(token))?.userId).toBe("both")
    await near.service.deleteSession(token)
    expect(await near.service.getSession(token)).toBeNull()
    await near.pool.close()
    await near.end()
    pool.destroy()
    await server.stop()
  })

  it.each([
    ["ioredis", (path: string) => new IoRedis({ path, username: "near", password: "password" })],
    ["iovalkey", (path: string) => new Valkey({ path, username: "near", password: "password" })],
  ] as const)("goes over a socket of this machine, and with the client's own user, through %s", async (_name, connect) => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-socket-"))
    const path = join(folder, "server.sock")
    const server = await startServer({ kind, args: ["--unixsocket", path, "--user", "near", "on", ">password", "~*", "&*", "+@all"] })
    const client = connect(path)
    const events: SessionEvent[] = []
    const service = await createSessionService({ store: client, nearCache: { lease: "10s" }, onEvent: (event) => events.push(event) })
    try {
      await expect.poll(() => events, { timeout: 20_000 }).toContainEqual({ type: "near-cache", serving: true })
      // Where the client connects a moment later, the first one is made anew.
      const tracked = async (): Promise<readonly string[]> =>
        (await askServer(server.port, "CLIENT LIST")).split("\n").filter((line) => /\bflags=\S*t/.test(line))
      await expect.poll(tracked, { timeout: 20_000 }).toEqual([expect.stringMatching(new RegExp(`addr=${path}:.*\\buser=near\\b`))])
      const { token } = await service.createSession({ userId: "ada" })
      const asked = async (): Promise<string | undefined> => /cmdstat_mget:calls=(\d+)/.exec(await askServer(server.port, "INFO commandstats"))?.[1]
      const isFree = async (): Promise<boolean> => {
        const before = await asked()
        for (let n = 0; n < 100; n += 1) expect((await service.getSession(token))?.userId).toBe("ada")
        return (await asked()) === before
      }
      await expect.poll(isFree, { timeout: 20_000 }).toBe(true)
    } finally {
      await service.close()
      client.disconnect()
      await server.stop()
      rmSync(folder, { recursive: true })
    }
  })

  it.each([
    ["node-redis", (url: string) => createClient({ url }).connect()],
    ["ioredis", async (url: string) => new IoRedis(url)],
    ["iovalkey", async (url: string) => new Valkey(url)],
  ] as const)("follows SELECT on the client that was handed in, through %s", async (_name, connect) => {
    const server = await startServer({ kind })
    const client = await connect(server.url)
    await client.select(3)
    const events: SessionEvent[] = []
    const service = await createSessionService({ store: client, nearCache: true, onEvent: (event) => events.push(event) })
    const other = await createSessionService({ store: `${server.url}/3` })
    try {
      const { token } = await other.createSession({ userId: "ada" })
      // A copy in the database that the client was made with, as a restored backup leaves one.
      const raw = await createClient({ url: server.url, database: 3 }).connect()
      const [key = ""] = await raw.keys("session:*")
      expect(await raw.copy(key, key, { DB: 0 })).toBe(1)
      raw.destroy()
      await expect.poll(() => events, { timeout: 20_000 }).toContainEqual({ type: "near-cache", serving: true })
      for (let n = 0; n < 20; n += 1) expect((await service.getSession(token))?.userId).toBe("ada")
      await other.deleteSession(token)
      await expect.poll(() => service.getSession(token), { timeout: 3_000 }).toBeNull()
      expect((await askServer(server.port, "CLIENT LIST")).split("\n").filter((line) => /\bflags=\S*t/.test(line))).toEqual([expect.stringMatching(/ db=3 /)])
    } finally {
      await service.close()
      await other.close()
      await client.quit()
      await server.stop()
    }
  })

  it("serves from the database that the client was made with where the user may not ask for another", async () => {
    const server = await startServer({ kind })
    await askServer(server.port, "ACL SETUSER app on >secret ~* &* +@all -client|info")
    const near = await nearCached(`redis://app:secret@127.0.0.1:${server.port}/2`, {}, "ioredis")
    const { token } = await near.service.createSession({ userId: "app" })
    for (let n = 0; n < 20; n += 1) expect((await near.service.getSession(token))?.userId).toBe("app")
    expect(near.said()).toBe(true)
    await near.end()
    await server.stop()
  })

  it("leaves nothing behind on the server, nor on the client that was handed in", async () => {
    const { url, port } = sharedServer(kind)
    const keyPrefix = randomPrefix()
    const near = await nearCached(url, { keyPrefix })
    await near.end()
    expect((await askServer(port, `KEYS ${keyPrefix}*`)).split("\r\n")[0]).toBe("*0")
  })

  it("says that it does not serve where the user may not be told of changes, and reads as ever", async () => {
    const server = await startServer({ kind })
    await askServer(server.port, "ACL SETUSER app on >secret ~* &* +@all -client|tracking")
    const said: object[] = []
    const store = `redis://app:secret@127.0.0.1:${server.port}`
    const service = await createSessionService({
      store,
      nearCache: true,
      logger: { warn: (fields) => void said.push(fields) },
      onEvent: (event) => event.type === "near-cache" && said.push(event),
    })
    const { token } = await service.createSession({ userId: "app" })
    for (let n = 0; n < 20; n += 1) expect((await service.getSession(token))?.userId).toBe("app")
    await expect
      .poll(() => said)
      .toEqual([
        { type: "near-cache", serving: false },
        { event: "near-cache", serving: false, reason: "NOPERM" },
      ])
    await service.close()
    await server.stop()
  })
})
