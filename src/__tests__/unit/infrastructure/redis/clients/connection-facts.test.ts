import { Redis as IoRedis, type RedisOptions } from "ioredis"
import { Redis as IoValkey } from "iovalkey"
import { describe, expect, it } from "vitest"
import type { RedisConnection } from "../../../../../domain/interfaces/redis/IRedisService.js"
import { connectionOf } from "../../../../../infrastructure/redis/clients/connection-facts.js"
import { recogniseClient } from "../../../../../infrastructure/redis/clients/topology.js"

type Options = Pick<RedisOptions, "host" | "path" | "name" | "sentinels" | "sentinelTLS" | "tls" | "enableTLSForSentinelMode" | "lazyConnect">

const SENTINELS: Options = { name: "main", sentinels: [{ host: "10.0.0.9", port: 26_379 }] }

describe.each([
  ["ioredis", (options: Options) => new IoRedis(options)],
  ["iovalkey", (options: Options) => new IoValkey(options as never)],
])("what a client of %s shows of its connections", (_name, make) => {
  it.each<readonly [what: string, options: Options, shown: RedisConnection]>([
    ["a server", { host: "db.example" }, { encrypted: false, hosts: ["db.example"] }],
    ["a server over TLS", { host: "db.example", tls: {} }, { encrypted: true, hosts: ["db.example"] }],
    ["a socket in the file system", { path: "/run/redis.sock" }, { encrypted: false, hosts: ["localhost"] }],
    // The client itself fills in a host, which it does not connect to.
    ["Sentinels", SENTINELS, { encrypted: false, hosts: [] }],
    ["Sentinels and a path, which they win over", { ...SENTINELS, path: "/run/redis.sock" }, { encrypted: false, hosts: [] }],
    ["Sentinels, TLS to these alone", { ...SENTINELS, sentinelTLS: {} }, { encrypted: false, hosts: [] }],
    ["Sentinels, TLS that is not turned on for servers", { ...SENTINELS, tls: {} }, { encrypted: false, hosts: [] }],
    ["Sentinels, TLS to servers", { ...SENTINELS, tls: {}, enableTLSForSentinelMode: true }, { encrypted: true, hosts: [] }],
  ])("%s", (_what, options, shown) => {
    const client = make({ ...options, lazyConnect: true })
    expect(connectionOf(recogniseClient(client))).toEqual(shown)
    client.disconnect()
  })
})
