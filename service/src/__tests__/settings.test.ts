import { describe, expect, it } from "vitest"
import { isLoopback, readSettings, SETTINGS } from "../settings.js"
import { help } from "../start/help.js"
import { StartFailure } from "../start/start-failure.js"

const KEY = "k".repeat(32)

describe("settings", () => {
  it("have a default each: loopback, port 8420, an SQLite file", () => {
    expect(readSettings({})).toEqual({
      host: "127.0.0.1",
      port: 8420,
      folder: ".coatcheck",
      store: { kind: "sqlite", url: "sqlite:.coatcheck/sessions.db", shown: ".coatcheck/sessions.db" },
      keys: [],
      sessions: { durability: "none", nearCache: false },
      rateLimits: {},
      strict: false,
      bodyLimit: 262_144,
      logLevel: "info",
    })
  })

  it("are read from the environment", () => {
    const settings = readSettings({
      PATH: "/bin",
      COATCHECK_HOST: "::1",
      COATCHECK_PORT: "0",
      COATCHECK_FOLDER: "/srv/coats",
      COATCHECK_API_KEY: KEY,
      COATCHECK_API_KEYS: `web:create+read:${"w".repeat(40)}, admin:read+manage:${"a".repeat(32)}`,
      COATCHECK_IDLE_TIMEOUT: "30m",
      COATCHECK_ABSOLUTE_TIMEOUT: "12h",
      COATCHECK_TOUCH_INTERVAL: "10s",
      COATCHECK_STORE_TIMEOUT: "500ms",
      COATCHECK_MAX_SESSIONS_PER_USER: "5",
      COATCHECK_ON_LIMIT: "reject",
      COATCHECK_RATE_LIMITS: '{"api":{"limit":100,"window":"1m"}}',
      COATCHECK_DURABILITY: "none",
      COATCHECK_NEAR_CACHE: "false",
      COATCHECK_BODY_LIMIT: "65536",
      COATCHECK_LOG_LEVEL: "silent",
    })
    expect(settings).toMatchObject({ host: "::1", port: 0, store: { url: "sqlite:/srv/coats/sessions.db" }, bodyLimit: 65_536, logLevel: "silent" })
    expect(settings.rateLimits).toEqual({ api: { limit: 100, window: "1m" } })
    expect(settings.sessions).toEqual({
      idleTimeout: "30m",
      absoluteTimeout: "12h",
      touchInterval: "10s",
      timeout: "500ms",
      maxSessionsPerUser: 5,
      onLimit: "reject",
      durability: "none",
      nearCache: false,
    })
    expect(settings.keys.map(({ name, scopes }) => [name, scopes])).toEqual([
      ["COATCHECK_API_KEY", ["read", "manage", "create", "limit", "metrics"]],
      ["web", ["create", "read"]],
      ["admin", ["read", "manage"]],
    ])
  })

  it("gives no key twice, with which scopes it has", () => {
    expect(() => readSettings({ COATCHECK_API_KEY: KEY, COATCHECK_API_KEYS: `web:read:${KEY}` })).toThrow(/give each key once/)
    expect(() => readSettings({ COATCHECK_API_KEY: KEY, COATCHECK_API_KEYS: `web:read:${KEY}` })).not.toThrow(KEY)
  })

  it.each([
    ["redis://user:hunter2@cache:6379/1?password=hunter2", "redis://cache:6379/1"],
    ["rediss://:hunter2@[::1]:7000", "rediss://[::1]:7000"],
    ["redis://localhost", "redis://localhost"],
    ["redis+cluster://user:hunter2@a:7000,b:7001", "redis+cluster://a:7000,b:7001"],
    ["rediss+sentinel://:hunter2@a,[::1]:26379/main/2?sentinelPassword=hunter2", "rediss+sentinel://a,[::1]:26379/main/2"],
  ])("%s is shown without a secret", (REDIS_URL, shown) => {
    expect(readSettings({ REDIS_URL }).store).toEqual({ kind: "redis", url: REDIS_URL, shown })
  })

  it.each([
    ["COATCHECK_PORT", "80 80"],
    ["COATCHECK_PORT", "65536"],
    ["COATCHECK_PORT", "-1"],
    ["COATCHECK_PORT", "0x50"],
    ["COATCHECK_HOST", "a b"],
    ["COATCHECK_HOST", "http://x"],
    ["REDIS_URL", "localhost:6379"],
    ["REDIS_URL", "http://hunter2@localhost"],
    ["REDIS_URL", "redis://"],
    ["REDIS_URL", "hunter2"],
    ["REDIS_URL", "redis://user:hunter2"],
    ["REDIS_URL", "redis+cluster://a:7000,:hunter2@b:7000/x@c"],
    ["REDIS_URL", "redis+pool://localhost"],
    ["COATCHECK_API_KEY", "hunter2".repeat(4)],
    ["COATCHECK_API_KEY", `hunter2 ${KEY}`],
    ["COATCHECK_API_KEYS", KEY],
    ["COATCHECK_API_KEYS", `web:read:hunter2`],
    ["COATCHECK_API_KEYS", `web:reed:${KEY}`],
    ["COATCHECK_API_KEYS", `web::${KEY}`],
    ["COATCHECK_API_KEYS", `web:read:${KEY},web:manage:${KEY}x`],
    ["COATCHECK_API_KEYS", `web:read:${KEY},admin:manage:${KEY}`],
    ["COATCHECK_API_KEYS", " , "],
    ["COATCHECK_IDLE_TIMEOUT", "10"],
    ["COATCHECK_ABSOLUTE_TIMEOUT", "soon"],
    ["COATCHECK_MAX_SESSIONS_PER_USER", "0"],
    ["COATCHECK_ON_LIMIT", "Reject"],
    ["COATCHECK_RATE_LIMITS", "hunter2 hunter2"],
    ["COATCHECK_RATE_LIMITS", '["hunter2"]'],
    ["COATCHECK_RATE_LIMITS", "null"],
    ["COATCHECK_RATE_LIMITS", '{"hunter2":{"limit":7,"window":"1m"}'],
    ["COATCHECK_DURABILITY", "disk"],
    ["COATCHECK_NEAR_CACHE", "hunter2 hunter2"],
    ["COATCHECK_BODY_LIMIT", "1e3"],
    ["COATCHECK_LOG_LEVEL", "loud"],
    ["COATCHECK_PORT", ""],
    ["COATCHECK_API_KEY", ""],
    ["REDIS_URL", ""],
    ["COATCHECK_APIKEY", KEY],
  ])("%s=%j is refused in one line that names it and repeats nothing of it", (name, value) => {
    const failure = refusal({ [name]: value })
    expect(failure).toMatchObject({ exitCode: 78 })
    expect(failure.message).toContain(name)
    expect(failure.message).not.toContain("\n")
    if (value.length > 8) expect(failure.message).not.toContain(value)
    expect(failure.message).not.toMatch(/hunter2|kkkk/)
  })

  it("listening on anything but loopback needs an explicit key", () => {
    for (const COATCHECK_HOST of ["0.0.0.0", "::", "192.168.1.5", "example.org", "127.example.org", "128.0.0.1"]) {
      expect(refusal({ COATCHECK_HOST })).toMatchObject({ exitCode: 78, message: expect.stringContaining("COATCHECK_API_KEY") })
      expect(readSettings({ COATCHECK_HOST, COATCHECK_API_KEY: KEY }).host).toBe(COATCHECK_HOST)
      expect(readSettings({ COATCHECK_HOST, COATCHECK_API_KEYS: `web:read:${KEY}` }).host).toBe(COATCHECK_HOST)
    }
    for (const host of ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST"]) expect([host, isLoopback(host)]).toEqual([host, true])
  })

  it("durability is for one Redis and for Sentinels", () => {
    for (const REDIS_URL of ["redis://cache", "rediss://cache", "redis+sentinel://a,b/main"]) {
      for (const COATCHECK_DURABILITY of ["none", "replicas", "fsync"])
        expect(readSettings({ REDIS_URL, COATCHECK_DURABILITY }).sessions.durability).toBe(COATCHECK_DURABILITY)
    }
    for (const env of [{}, { REDIS_URL: "redis+cluster://a,b" }, { REDIS_URL: "REDISS+CLUSTER://a" }])
      expect(refusal({ ...env, COATCHECK_DURABILITY: "fsync" })).toMatchObject({ exitCode: 78, message: expect.stringContaining("COATCHECK_DURABILITY") })
  })

  it("reads from memory are for Redis and Valkey, however they are made up", () => {
    for (const REDIS_URL of ["redis://cache", "rediss://cache", "redis+sentinel://a,b/main", "redis+cluster://a,b"])
      expect(readSettings({ REDIS_URL, COATCHECK_NEAR_CACHE: "true" }).sessions.nearCache).toBe(true)
    expect(refusal({ COATCHECK_NEAR_CACHE: "true" })).toMatchObject({ exitCode: 78, message: expect.stringContaining("COATCHECK_NEAR_CACHE") })
  })

  it("--help names each of them, and the exit codes", () => {
    for (const name of Object.keys(SETTINGS.shape)) expect(help()).toMatch(new RegExp(`^  ${name} +\\S.*\\[.+\\]$`, "m"))
    for (const code of ["0", "69", "70", "78"]) expect(help()).toMatch(new RegExp(`^  ${code} +\\S`, "m"))
  })
})

function refusal(env: Record<string, string>): StartFailure {
  try {
    readSettings(env)
  } catch (error) {
    if (error instanceof StartFailure) return error
    throw error
  }
  throw new Error("it was accepted")
}
