import { SessionError } from "../../../domain/errors.js"

/** Where a Redis or Valkey server is and who asks. */
export interface StoreAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}

const FORM = "redis://user:password@host:6379/0, or rediss:// for TLS; host alone is needed"
const HOST = /^[A-Za-z0-9._-]{1,253}$/
const IPV6 = /^\[([0-9A-Fa-f:.]{2,45})\]$/
const DEFAULT_PORT = 6_379
const MOST_DATABASES = 2 ** 31 - 1

/**
 * Reads a `redis://` or `rediss://` URL. What the URL holds stands in no error, since any part of it may be a password in the wrong place.
 *
 * @throws ERR_CONFIG_INVALID
 */
export function parseStoreUrl(text: string): StoreAddress {
  const url = parse(text)
  if (url.search || url.hash) {
    throw invalid(
      "without a query and a fragment, got one with them. Percent-encode ? and # in the password (%3F, %23), and set other options on a client of your own",
    )
  }
  const { username, password } = credentials(url)
  if (username !== undefined && password === undefined) throw invalid("with a password when it has a user name, got one without")
  return {
    host: hostOf(url),
    port: url.port === "" ? DEFAULT_PORT : portOf(url),
    tls: url.protocol === "rediss:",
    username,
    password,
    database: databaseOf(url),
  }
}

/** `host:port`, the part of a URL that may stand in an error. */
export function hostAndPort(address: StoreAddress): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}

function parse(text: string): URL {
  if (!/^rediss?:\/\//i.test(text)) throw invalid("that begins with redis:// or rediss://, got another one")
  // The standard's parser drops line breaks and tabs without a word, and with them a part of a password.
  if (/[\s\p{Cc}]/u.test(text)) throw invalid("without spaces and control characters, got one with them. Percent-encode them in the password")
  if (!URL.canParse(text)) throw invalid("that can be read, got one that cannot. Percent-encode / @ : and the like in user name and password")
  return new URL(text)
}

function credentials(url: URL): { readonly username: string | undefined; readonly password: string | undefined } {
  try {
    return { username: decodeURIComponent(url.username) || undefined, password: decodeURIComponent(url.password) || undefined }
  } catch {
    throw invalid("whose user name and password are percent-encoded, got one with a lone percent sign. Write % as %25")
  }
}

function hostOf(url: URL): string {
  const host = IPV6.exec(url.hostname)?.[1] ?? url.hostname
  if (host === url.hostname && !HOST.test(host)) throw invalid(`with a host, as in ${FORM}, got one without, or with other characters`)
  return host
}

function portOf(url: URL): number {
  const port = Number(url.port)
  if (port < 1) throw invalid("with a port from 1 to 65535, got another one")
  return port
}

function databaseOf(url: URL): number {
  if (url.pathname === "" || url.pathname === "/") return 0
  const database = /^\/(\d{1,10})$/.exec(url.pathname)?.[1]
  if (database === undefined || Number(database) > MOST_DATABASES) throw invalid("whose path is the number of a database, as /0, got another path")
  return Number(database)
}

function invalid(what: string): SessionError {
  return new SessionError("ERR_CONFIG_INVALID", `Expected store to be a URL ${what}. Its form is ${FORM}.`)
}
