import type { RedisConnection } from "../../../domain/interfaces/redis/IRedisService.js"
import type { RecognisedClient } from "./topology.js"

const NOTHING_KNOWN: RedisConnection = { encrypted: null, hosts: [] }

/** What a client that an application made shows of its connections, by its options; the client is only read. */
export function connectionOf({ library, form, client }: RecognisedClient): RedisConnection {
  try {
    const options = part(client, "options")
    if (library === "ioredis") {
      if (form === "cluster") return facts(part(options, "redisOptions") ?? {}, [])
      return hasSentinels(options) ? behindSentinels(options) : facts(options, [text(options, "host")])
    }
    const socket = part(options, "socket")
    // Of pools, clusters and Sentinels the options are private, or differ from version to version.
    return form === "client" ? facts(socket ?? {}, [text(socket, "host") ?? "localhost"]) : NOTHING_KNOWN
  } catch {
    return NOTHING_KNOWN
  }
}

function facts(options: object | undefined, hosts: readonly (string | undefined)[]): RedisConnection {
  if (options === undefined) return NOTHING_KNOWN
  // A socket in the file system leaves the machine as little as the loopback does.
  if (text(options, "path") !== undefined) return { encrypted: false, hosts: ["localhost"] }
  return { encrypted: hasTls(options), hosts: hosts.filter((host) => host !== undefined) }
}

function hasTls(options: object): boolean {
  const { tls } = options as { readonly tls?: unknown }
  return tls !== undefined && tls !== null && tls !== false
}

function hasSentinels(options: object | undefined): options is object {
  const sentinels = part(options, "sentinels")
  return Array.isArray(sentinels) && sentinels.length > 0
}

/** The host that such a client's options name is filled in by the library and not used, nor is `tls` for servers unless it is asked for. */
function behindSentinels(options: object): RedisConnection {
  return { encrypted: hasTls(options) && Boolean(Reflect.get(options, "enableTLSForSentinelMode")), hosts: [] }
}

function part(of: object | undefined, name: string): object | undefined {
  const value: unknown = of === undefined ? undefined : Reflect.get(of, name)
  return typeof value === "object" && value !== null ? value : undefined
}

function text(of: object | undefined, name: string): string | undefined {
  const value: unknown = of === undefined ? undefined : Reflect.get(of, name)
  return typeof value === "string" && value !== "" ? value : undefined
}
