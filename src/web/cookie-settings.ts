import { assertKnownKeys, assertOneOf, expected, readOnce, UnexpectedValue } from "../shared/assertions.js"
import type { CookieOptions } from "./contract.js"

/** The session's cookie: what every `Set-Cookie` of it says, the deleting one too. */
export interface CookieSettings {
  readonly name: string
  readonly domain?: string
  readonly path: "/"
  readonly httpOnly: true
  readonly secure: boolean
  readonly partitioned: boolean
  readonly sameSite: "lax" | "strict" | "none"
}

const OPTION_NAMES = ["name", "prefix", "sameSite", "domain", "embedded", "insecureDevelopment"]
const FLAGS = ["embedded", "insecureDevelopment"] as const
const NAME_FORM = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
const DOMAIN_FORM = /^(?=.{3,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\.[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * Works out name and attributes. Whatever the options, a prefix stays that makes browsers refuse a cookie of this name from elsewhere.
 *
 * @throws UnexpectedValue
 * @source draft-ietf-httpbis-rfc6265bis, 4.1.3 · draft-ietf-httpbis-layered-cookies, 4.1.3 · OWASP ASVS 5.0 3.3.1 to 3.3.4
 */
export function cookieSettings(given: CookieOptions = {}): CookieSettings {
  const options = readOnce(given)
  assertKnownKeys(options, "cookie", OPTION_NAMES)
  const { name = "sid", sameSite = "lax", domain, embedded = false, insecureDevelopment = false } = options
  for (const flag of FLAGS) {
    if (options[flag] !== undefined && typeof options[flag] !== "boolean") throw expected(`cookie.${flag}`, "true or false", options[flag])
  }
  if (typeof name !== "string" || !NAME_FORM.test(name) || name.startsWith("dev-"))
    throw expected("cookie.name", "1 to 64 letters, digits, - _ . that begin with a letter or digit and with no prefix, which is put before it", name)
  assertOneOf(sameSite, "cookie.sameSite", ["lax", "strict"])
  if (domain !== undefined && (typeof domain !== "string" || !DOMAIN_FORM.test(domain)))
    throw expected("cookie.domain", 'a name in lower case such as "example.com"', domain)
  refuseTogether(options)
  return {
    name: prefixOf(options) + name,
    ...(domain !== undefined && { domain }),
    path: "/",
    httpOnly: true,
    secure: !insecureDevelopment,
    partitioned: embedded,
    sameSite: embedded ? "none" : sameSite,
  }
}

function prefixOf({ domain, prefix = "__Host-Http-", insecureDevelopment = false }: CookieOptions): string {
  assertOneOf(prefix, "cookie.prefix", ["__Host-Http-", "__Host-"])
  if (insecureDevelopment) return "dev-"
  return domain === undefined ? prefix : "__Secure-"
}

function refuseTogether({ sameSite, prefix, domain, embedded, insecureDevelopment }: CookieOptions): void {
  if (domain !== undefined && prefix !== undefined)
    throw new UnexpectedValue("Expected no cookie.prefix together with cookie.domain: the name begins with __Secure-.")
  if (embedded && sameSite !== undefined) throw new UnexpectedValue("Expected no cookie.sameSite together with cookie.embedded: it is None.")
  if (insecureDevelopment && (embedded || domain !== undefined))
    throw new UnexpectedValue("Expected neither cookie.embedded nor cookie.domain together with cookie.insecureDevelopment: browsers want Secure for them.")
}

/** A cookie for a domain is sent to its subdomains, so an origin elsewhere would never get it. @throws UnexpectedValue */
export function refuseOriginsElsewhere(origins: ReadonlySet<string>, { domain }: Pick<CookieSettings, "domain">): void {
  if (domain === undefined) return
  for (const origin of origins) {
    const host = new URL(origin).hostname
    if (host !== domain && !host.endsWith(`.${domain}`)) throw new UnexpectedValue("Expected every origin to be cookie.domain or a subdomain of it.")
  }
}
