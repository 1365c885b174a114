import { expected, UnexpectedValue } from "../shared/assertions.js"

/** What of a request tells where it came from. */
export interface Provenance {
  readonly secFetchSite: string | undefined
  readonly origin: string | undefined
  /** Whether a WebSocket is to be opened: browsers do not keep those to their own origin. */
  readonly upgrade: boolean
}

const MOST_ORIGINS = 100
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"])
/** The values of `Sec-Fetch-Site` (W3C Fetch Metadata, 2.3). */
const FETCH_SITES: ReadonlySet<string> = new Set(["same-origin", "same-site", "cross-site", "none"])
const LOOPBACK = /^(?:localhost|(?:[a-z0-9-]+\.)+localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * Reads the origins of the application: exact, so that nothing is left to be matched, and never those of a request, whose `Host` is the sender's choice.
 *
 * @param loopback `true`: all are `http://` on this very machine; `false`: all are `https://`
 * @throws UnexpectedValue
 */
export function readOrigins(given: unknown, loopback: boolean): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0 || list.length > MOST_ORIGINS) throw expected("origin", `one origin, or a list of 1 to ${MOST_ORIGINS}`, given)
  return new Set(list.map((origin) => readOrigin(origin, loopback)))
}

function readOrigin(given: unknown, loopback: boolean): string {
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : null
  if (url === null || url.origin !== given || url.hostname.includes("*"))
    throw expected("origin", 'an exact origin such as "https://app.example" (lower case, no path, no closing slash, no usual port, no pattern)', given)
  if (loopback && !(url.protocol === "http:" && LOOPBACK.test(url.hostname)))
    throw new UnexpectedValue("Expected every origin to be http:// on localhost or a loopback address, because cookie.insecureDevelopment is true.")
  if (!loopback && url.protocol !== "https:") throw expected("origin", "https:// (for http://localhost see cookie.insecureDevelopment)", given)
  return url.origin
}

/** Whether requests of this method are looked at without being asked to: all that may change something (RFC 9110, 9.2.1). */
export function mayChange(method: string, upgrade: boolean): boolean {
  return upgrade || !SAFE_METHODS.has(method)
}

/**
 * Whether a request came from one of the application's own pages, or from the user.
 *
 * A page cannot set or leave out either header. An `Origin` decides: it has to be listed, whatever `Sec-Fetch-Site` says, and a `Sec-Fetch-Site` that no browser
 * sends fails the request, too. Without an `Origin`, `same-site` is not enough: a neighbour on another subdomain is somebody else.
 *
 * @source OWASP CSRF Prevention Cheat Sheet, "Fetch Metadata headers" · OWASP ASVS 5.0 3.5.1, 4.4.2
 */
export function isOurs(from: Provenance, origins: ReadonlySet<string>): boolean {
  const { secFetchSite: site, origin, upgrade } = from
  // Browsers send "null" with the forms of a page whose referrer policy is no-referrer. It names no origin, so it decides nothing.
  if (origin === undefined || origin === "null") return !upgrade && (site === "same-origin" || site === "none")
  return origins.has(origin) && (upgrade || site === undefined || FETCH_SITES.has(site))
}
