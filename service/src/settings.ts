import { BlockList, isIP } from "node:net"
import { join } from "node:path"
import type { Duration } from "coatcheck"
import type { RateLimitRules } from "coatcheck/rate-limit"
import { z } from "zod"
import { type ApiKey, KEY_FORM, parseApiKeys, SCOPES } from "./http/api-keys.js"
import { FILES } from "./start/data-folder.js"
import { parseRules, RULES_EXAMPLE } from "./start/rate-limit-rules.js"
import { StartFailure } from "./start/start-failure.js"

const duration = z
  .string({ error: 'a duration with its unit, such as "30m"' })
  .regex(/^\d{1,15}(?:\.\d{1,6})?(?:ms|s|m|h|d)$/, 'a duration with its unit, such as "30m"')
  .transform((text) => text as Duration)
  .optional()

const wholeNumber = (min: number, max: number) => {
  const expected = `a whole number from ${min} to ${max}`
  return z
    .string()
    .regex(/^\d{1,9}$/, expected)
    .transform(Number)
    .pipe(z.number().min(min, expected).max(max, expected))
}

const apiKeys = z.string().transform((text, context) => {
  const keys = parseApiKeys(text)
  if (typeof keys !== "string") return keys
  context.addIssue({ code: "custom", message: keys })
  return z.NEVER
})

const rateLimits = z.string().transform((text, context): RateLimitRules => {
  const rules = parseRules(text)
  if (rules !== null) return rules
  context.addIssue({ code: "custom", message: `a JSON object of rules by their names, such as ${RULES_EXAMPLE}` })
  return z.NEVER
})

/** Every setting. The description and `shown`, the default in words, make up `--help`. */
export const SETTINGS = z.object({
  COATCHECK_HOST: z
    .string()
    .regex(/^[\w.:-]{1,255}$/, "a host name or an address")
    .default("127.0.0.1")
    .meta({ description: "address to listen on; any but loopback needs an explicit key", shown: "127.0.0.1" }),
  COATCHECK_PORT: wholeNumber(0, 65_535).default(8420).meta({ description: "port to listen on; 0 takes a free one", shown: "8420" }),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, "a URL that begins with redis://, redis+cluster:// or redis+sentinel:// (rediss for TLS) and names a host")
    .optional()
    .meta({
      description:
        "Redis or Valkey to keep sessions in: redis://user:password@host:port/db, redis+cluster://host:port,host:port or redis+sentinel://host:port,host:port/name",
      shown: "none: an SQLite file",
    }),
  COATCHECK_FOLDER: z
    .string()
    .default(".coatcheck")
    .meta({ description: "folder of the SQLite file and of the generated key; readable by its owner only", shown: ".coatcheck" }),
  COATCHECK_API_KEY: z
    .string()
    .regex(KEY_FORM, "a key of at least 32 letters, digits or . _ ~ + / -")
    .optional()
    .meta({ description: "a key with every scope", shown: "a generated one, kept in the folder" }),
  COATCHECK_API_KEYS: apiKeys
    .optional()
    .meta({ description: `more keys, each name:scope+scope:key, separated by commas or spaces; scopes: ${SCOPES.join(", ")}`, shown: "none" }),
  COATCHECK_IDLE_TIMEOUT: duration.meta({ description: "how long a session lives without being used", shown: "24h" }),
  COATCHECK_ABSOLUTE_TIMEOUT: duration.meta({ description: "how long a session lives at most", shown: "30d" }),
  COATCHECK_TOUCH_INTERVAL: duration.meta({ description: "how often a read moves the idle deadline at most", shown: "60s" }),
  COATCHECK_STORE_TIMEOUT: duration.meta({ description: "how long one call of the store may take", shown: "1s" }),
  COATCHECK_MAX_SESSIONS_PER_USER: wholeNumber(1, 100_000).optional().meta({ description: "sessions that one user may have", shown: "unlimited" }),
  COATCHECK_ON_LIMIT: z
    .enum(["evict-oldest", "reject"], { error: "evict-oldest or reject" })
    .optional()
    .meta({ description: "what a session too many does: evict-oldest or reject", shown: "evict-oldest" }),
  COATCHECK_RATE_LIMITS: rateLimits.optional().meta({ description: `rules of rate limits as JSON, such as ${RULES_EXAMPLE}`, shown: "none" }),
  COATCHECK_DURABILITY: z.enum(["none", "replicas", "fsync"], { error: "none, replicas or fsync" }).default("none").meta({
    description: "what a change waits for: none, replicas (one replica has it) or fsync (the server's disk has it); one Redis or Sentinels only",
    shown: "none",
  }),
  COATCHECK_NEAR_CACHE: z
    .enum(["true", "false"], { error: "true or false" })
    .default("false")
    .transform((text) => text === "true")
    .meta({ description: "true answers reads from memory, never older than 1 s; with Redis or Valkey only", shown: "false" }),
  COATCHECK_STRICT: z
    .enum(["true", "false"], { error: "true or false" })
    .default("false")
    .transform((text) => text === "true")
    .meta({ description: "true refuses to start on a store with problems, such as one that evicts; GET /readyz tells them in any case", shown: "false" }),
  COATCHECK_BODY_LIMIT: wholeNumber(1_024, 16_777_216).default(262_144).meta({ description: "largest request body in bytes", shown: "262144" }),
  COATCHECK_LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], { error: "debug, info, warn, error or silent" })
    .default("info")
    .meta({ description: "debug, info, warn, error or silent", shown: "info" }),
})

export interface Settings {
  readonly host: string
  readonly port: number
  readonly folder: string
  readonly store: { readonly kind: "redis" | "sqlite"; readonly url: string; readonly shown: string }
  readonly keys: readonly ApiKey[]
  readonly sessions: Readonly<Record<"idleTimeout" | "absoluteTimeout" | "touchInterval" | "timeout", Duration | undefined>> & {
    readonly maxSessionsPerUser: number | undefined
    readonly onLimit: "evict-oldest" | "reject" | undefined
    readonly durability: "none" | "replicas" | "fsync"
    readonly nearCache: boolean
  }
  readonly rateLimits: RateLimitRules
  readonly strict: boolean
  readonly bodyLimit: number
  readonly logLevel: string
}

/**
 * Reads the settings from the environment; nothing else in the service looks at it.
 *
 * @throws StartFailure that names the variable, what was expected, and the length of what was got, never its value
 */
export function readSettings(env: Readonly<Record<string, string | undefined>> = process.env): Settings {
  for (const [name, value] of Object.entries(env)) {
    const isKnown = name in SETTINGS.shape
    if (name.startsWith("COATCHECK_") && !isKnown) throw new StartFailure(`there is no setting ${name}: correct the name, or unset it; --help lists them.`)
    if (isKnown && value === "") throw new StartFailure(`${name} is set, but empty: give it a value, or unset it.`)
  }
  const parsed = SETTINGS.safeParse(env)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const name = String(issue?.path[0])
    throw new StartFailure(`${name} must be ${issue?.message}, got a text of ${env[name]?.length ?? 0} characters: correct it; --help tells more.`)
  }
  return settingsFrom(parsed.data)
}

function settingsFrom(values: z.output<typeof SETTINGS>): Settings {
  const keys: ApiKey[] = [...(values.COATCHECK_API_KEYS ?? [])]
  if (keys.some(({ key }) => key === values.COATCHECK_API_KEY)) {
    throw new StartFailure("COATCHECK_API_KEYS has the key of COATCHECK_API_KEY once more, with other scopes: give each key once.")
  }
  if (values.COATCHECK_API_KEY !== undefined) keys.unshift({ name: "COATCHECK_API_KEY", key: values.COATCHECK_API_KEY, scopes: SCOPES })
  if (keys.length === 0 && !isLoopback(values.COATCHECK_HOST)) {
    throw new StartFailure("COATCHECK_HOST is not a loopback address, and no key was set: set COATCHECK_API_KEY to listen there, or unset COATCHECK_HOST.")
  }
  if (values.COATCHECK_DURABILITY !== "none" && !hasOnePrimary(values.REDIS_URL)) {
    throw new StartFailure("COATCHECK_DURABILITY is set for a store that has none: name one Redis or Sentinels in REDIS_URL, or unset COATCHECK_DURABILITY.")
  }
  if (values.COATCHECK_NEAR_CACHE && values.REDIS_URL === undefined) {
    throw new StartFailure("COATCHECK_NEAR_CACHE is set for a store that has none: name Redis or Valkey in REDIS_URL, or unset COATCHECK_NEAR_CACHE.")
  }
  return {
    host: values.COATCHECK_HOST,
    port: values.COATCHECK_PORT,
    folder: values.COATCHECK_FOLDER,
    store: storeFrom(values.REDIS_URL, values.COATCHECK_FOLDER),
    keys,
    sessions: {
      idleTimeout: values.COATCHECK_IDLE_TIMEOUT,
      absoluteTimeout: values.COATCHECK_ABSOLUTE_TIMEOUT,
      touchInterval: values.COATCHECK_TOUCH_INTERVAL,
      timeout: values.COATCHECK_STORE_TIMEOUT,
      maxSessionsPerUser: values.COATCHECK_MAX_SESSIONS_PER_USER,
      onLimit: values.COATCHECK_ON_LIMIT,
      durability: values.COATCHECK_DURABILITY,
      nearCache: values.COATCHECK_NEAR_CACHE,
    },
    rateLimits: values.COATCHECK_RATE_LIMITS ?? {},
    strict: values.COATCHECK_STRICT,
    bodyLimit: values.COATCHECK_BODY_LIMIT,
    logLevel: values.COATCHECK_LOG_LEVEL,
  }
}

function storeFrom(redisUrl: string | undefined, folder: string): Settings["store"] {
  if (redisUrl === undefined) {
    const path = join(folder, FILES.DATABASE)
    return { kind: "sqlite", url: `sqlite:${path}`, shown: path }
  }
  // The user's name goes with the password, and so does the query: clients take secrets from all three.
  const { scheme = "redis", hosts = "", path = "" } = REDIS_URL.exec(redisUrl)?.groups ?? {}
  return { kind: "redis", url: redisUrl, shown: `${scheme}://${hosts}${path}` }
}

const HOST_AND_PORT = String.raw`(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?`
// A password in a wrong place must not pass for a host or a path: those have a form of their own, and @ ends what stands before them.
const REDIS_URL = new RegExp(
  String.raw`^(?<scheme>rediss?(?:\+(?:cluster|sentinel))?)://(?:[^/?#]*@)?(?<hosts>${HOST_AND_PORT}(?:,${HOST_AND_PORT})*)(?<path>(?:/[\w.-]*){0,2})(?:\?[^#@]*)?$`,
  "i",
)

function isRedisUrl(text: string): boolean {
  return REDIS_URL.test(text)
}

/** A cluster has no place to wait at; SQLite has nothing to choose. */
function hasOnePrimary(redisUrl: string | undefined): boolean {
  return redisUrl !== undefined && !/^rediss?\+cluster:/i.test(redisUrl)
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4")
LOOPBACK.addAddress("::1", "ipv6")

/** Whether a host can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  const family = isIP(host)
  return family === 0 ? host.toLowerCase() === "localhost" : LOOPBACK.check(host, family === 4 ? "ipv4" : "ipv6")
}
