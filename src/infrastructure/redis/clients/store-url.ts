import { SessionError } from "../../../domain/errors.js"

/** Who asks, and how: the same for each server of a store. */
export interface StoreAccess {
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
}

/** A host and a port. */
export interface StoreNode {
  readonly host: string
  readonly port: number
}

/** Where a Redis or Valkey server is and who asks. */
export interface StoreAddress extends StoreAccess, StoreNode {
  readonly database: number
}

/** A cluster, known by some of its nodes. */
export interface ClusterAddress extends StoreAccess {
  readonly nodes: readonly StoreNode[]
}

/** A primary with replicas, known by the Sentinels that watch it. User name and password are those of the data servers. */
export interface SentinelAddress extends StoreAccess {
  readonly nodes: readonly StoreNode[]
  readonly primaryName: string
  readonly database: number
  readonly sentinelUsername: string | undefined
  readonly sentinelPassword: string | undefined
}

/** What a URL names. */
export type StoreTarget =
  | { readonly kind: "server"; readonly address: StoreAddress }
  | { readonly kind: "cluster"; readonly address: ClusterAddress }
  | { readonly kind: "sentinel"; readonly address: SentinelAddress }

type Kind = StoreTarget["kind"]

const FORMS: Readonly<Record<Kind, string>> = {
  server: "redis://user:password@host:6379/0, or rediss:// for TLS; host alone is needed",
  cluster: "redis+cluster://user:password@host:6379,host:6379, or rediss+cluster:// for TLS; one host alone is needed",
  sentinel:
    "redis+sentinel://user:password@host:26379,host:26379/name/0?sentinelUser=…&sentinelPassword=…, or rediss+sentinel:// for TLS; one host and the name of the primary alone are needed",
}
const SCHEME = /^redis(s?)(?:\+(cluster|sentinel))?:\/\//i
const PARTS = /^(?:([^/?#]*)@)?([^@/?#]*)(\/[^@?#]*)?(?:\?([^#]*))?$/
const HOST = /^[A-Za-z0-9._-]{1,253}$/
const IPV6 = /^\[([0-9A-Fa-f:.]{2,45})\]$/
const PRIMARY_NAME = /^[\w.-]{1,128}$/
const DEFAULT_PORTS: Readonly<Record<Kind, number>> = { server: 6_379, cluster: 6_379, sentinel: 26_379 }
const MOST_NODES = 64
const MOST_DATABASES = 2 ** 31 - 1

/**
 * Reads the URL of a server, a cluster or a Sentinel. What the URL holds stands in no error, since any part of it may be a password in the wrong place.
 *
 * @throws ERR_CONFIG_INVALID
 */
export function parseStoreUrl(text: string): StoreTarget {
  const scheme = SCHEME.exec(text)
  if (scheme === null) throw invalid("server", "that begins with redis:// or rediss://, redis+cluster:// or redis+sentinel://, got another one")
  const kind = (scheme[2]?.toLowerCase() ?? "server") as Kind
  // The standard's parser drops line breaks and tabs without a word, and with them a part of a password.
  if (/[\s\p{Cc}]/u.test(text)) throw invalid(kind, "without spaces and control characters, got one with them. Percent-encode them in the password")
  const parts = PARTS.exec(text.slice(scheme[0].length))
  if (parts === null) throw invalid(kind, "that can be read, got one that cannot. Percent-encode / @ : ? # and the like in user name and password")
  const [, userInfo = "", hosts = "", path = "", query] = parts
  const nodes = nodesOf(hosts, kind)
  const [first] = nodes
  if (first === undefined) throw invalid(kind, "with a host, got one without")
  const access = { tls: scheme[1] !== "", ...credentials(userInfo, kind) }
  if (kind === "sentinel") return { kind, address: { nodes, ...access, ...primaryOf(path), ...sentinelCredentials(query) } }
  if (query !== undefined)
    throw invalid(kind, "without a query, got one with it. Percent-encode ? in the password (%3F), and set other options on a client of your own")
  if (kind === "server") return { kind, address: { ...first, ...access, database: databaseOf(path, kind) } }
  if (path !== "" && path !== "/") throw invalid(kind, "without a path, because a cluster has one database, got one with it")
  return { kind, address: { nodes, ...access } }
}

/** Every `host:port`, the parts of a URL that may stand in an error. */
export function hostsAndPorts(target: StoreTarget): string {
  return nodesIn(target)
    .map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`))
    .join(", ")
}

export function hostsOf(target: StoreTarget): readonly string[] {
  return nodesIn(target).map(({ host }) => host)
}

function nodesIn({ kind, address }: StoreTarget): readonly StoreNode[] {
  return kind === "server" ? [address] : address.nodes
}

function nodesOf(text: string, kind: Kind): readonly StoreNode[] {
  const hosts = text.split(",")
  if (hosts.length > (kind === "server" ? 1 : MOST_NODES))
    throw invalid(kind, `with ${kind === "server" ? "one host" : `at most ${MOST_NODES} hosts`}, got more`)
  return hosts.map((host) => nodeOf(host, kind))
}

function nodeOf(text: string, kind: Kind): StoreNode {
  if (!URL.canParse(`redis://${text}`))
    throw invalid(kind, "with hosts and ports that can be read, got others. Percent-encode / @ : and the like in the password")
  const url = new URL(`redis://${text}`)
  const host = IPV6.exec(url.hostname)?.[1] ?? url.hostname
  if (host === url.hostname && !HOST.test(host)) throw invalid(kind, "with a host, got one without, or with other characters")
  const port = url.port === "" ? DEFAULT_PORTS[kind] : Number(url.port)
  if (port < 1) throw invalid(kind, "with a port from 1 to 65535, got another one")
  return { host, port }
}

function credentials(text: string, kind: Kind): { readonly username: string | undefined; readonly password: string | undefined } {
  const colon = text.indexOf(":")
  const username = decoded(colon < 0 ? text : text.slice(0, colon), kind)
  const password = colon < 0 ? undefined : decoded(text.slice(colon + 1), kind)
  if (username !== undefined && password === undefined) throw invalid(kind, "with a password when it has a user name, got one without")
  return { username, password }
}

function sentinelCredentials(query = ""): Pick<SentinelAddress, "sentinelUsername" | "sentinelPassword"> {
  const given = new Map<string, string | undefined>()
  for (const part of query === "" ? [] : query.split("&")) {
    const equals = part.indexOf("=")
    const name = part.slice(0, Math.max(equals, 0))
    if (!/^sentinel(User|Password)$/.test(name) || given.has(name)) {
      throw invalid("sentinel", "whose query holds sentinelUser and sentinelPassword, once each, got another one. Percent-encode ? in the password (%3F)")
    }
    given.set(name, decoded(part.slice(equals + 1), "sentinel"))
  }
  const sentinelUsername = given.get("sentinelUser")
  const sentinelPassword = given.get("sentinelPassword")
  if (sentinelUsername !== undefined && sentinelPassword === undefined)
    throw invalid("sentinel", "with sentinelPassword when it has sentinelUser, got one without")
  return { sentinelUsername, sentinelPassword }
}

function primaryOf(path: string): Pick<SentinelAddress, "primaryName" | "database"> {
  const [, primaryName = "", database = ""] = /^\/([^/]*)(\/.*)?$/.exec(path) ?? []
  if (!PRIMARY_NAME.test(primaryName)) throw invalid("sentinel", "whose path begins with the name of the primary (letters, digits, . _ -), got another path")
  return { primaryName, database: databaseOf(database, "sentinel") }
}

function decoded(text: string, kind: Kind): string | undefined {
  try {
    return decodeURIComponent(text) || undefined
  } catch {
    throw invalid(kind, "whose user name and password are percent-encoded, got one with a lone percent sign. Write % as %25")
  }
}

function databaseOf(path: string, kind: Kind): number {
  if (path === "" || path === "/") return 0
  const database = /^\/(\d{1,10})$/.exec(path)?.[1]
  if (database === undefined || Number(database) > MOST_DATABASES) throw invalid(kind, "whose path is the number of a database, as /0, got another path")
  return Number(database)
}

function invalid(kind: Kind, what: string): SessionError {
  return new SessionError("ERR_CONFIG_INVALID", `Expected store to be a URL ${what}. Its form is ${FORMS[kind]}.`, { option: "store" })
}
