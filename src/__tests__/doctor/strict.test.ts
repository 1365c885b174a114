import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"
import { createContainer } from "../../config/di-container.js"
import { createSessionService } from "../../exports/index.js"
import { SERVER_KINDS, startServer } from "../support/servers.js"
import { rawClient } from "../support/services-under-watch.js"

describe.each(SERVER_KINDS)("strict on %s", (kind) => {
  it.each([
    ["createSessionService", createSessionService],
    ["createContainer", createContainer],
  ])("%s refuses a server that evicts, in words that say what to do, and leaves no connection", async (_name, open) => {
    await using server = await startServer({ kind, args: ["--maxmemory-policy", "allkeys-lru"] })
    const raw = await rawClient(server.url)
    const connections = async (): Promise<number> =>
      String(await raw.send("CLIENT", "LIST"))
        .trim()
        .split("\n").length
    await expect(open({ store: server.url, strict: true, timeout: "5s" })).rejects.toMatchObject({
      code: "ERR_CONFIG_INVALID",
      message: expect.stringMatching(/^Expected a store without problems.*eviction: maxmemory-policy allkeys-lru.*Set maxmemory-policy noeviction/),
    })
    await expect.poll(connections).toBe(1)
    const lax = await open({ store: server.url, timeout: "5s" })
    await lax.close()
    await raw.send("CONFIG", "SET", "maxmemory-policy", "noeviction")
    const strict = await open({ store: server.url, strict: true, timeout: "5s" })
    expect(await connections()).toBe(2)
    await strict.close()
    raw.close()
  })

  it("refuses a replica", async () => {
    await using server = await startServer({ kind })
    await using replica = await startServer({ kind, args: ["--replicaof", "127.0.0.1", String(server.port)] })
    await expect(createSessionService({ store: replica.url, strict: true, timeout: "5s" })).rejects.toMatchObject({
      code: "ERR_CONFIG_INVALID",
      message: expect.stringContaining("Connect to the primary"),
    })
  })
})

describe("strict", () => {
  it("takes memory and a SQLite file, whose weaknesses are warnings", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-strict-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, "sessions.db")
    for (const store of ["memory:", `sqlite:${file}`]) await (await createSessionService({ store, strict: true })).close()
    chmodSync(file, 0o644)
    const service = await createSessionService({ store: `sqlite:${file}`, strict: true })
    expect((await service.doctor()).findings.filter(({ level }) => level !== "ok").map(({ check }) => check)).toEqual(["file-rights"])
    await service.close()
  })

  it.each(["true", 1, null])("is true or false, not %j", async (strict) => {
    await expect(createSessionService({ store: "memory:", strict: strict as never })).rejects.toMatchObject({ code: "ERR_CONFIG_INVALID" })
  })
})
