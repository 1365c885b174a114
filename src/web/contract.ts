import type { AuthOptions } from "../application/auth-settings.js"
import type { ActiveUserSession, RequestAuth } from "../application/contract.js"
import type { ISessionService } from "../domain/interfaces/session/ISessionService.js"
import type { Duration } from "../shared/durations.js"

/** What a door tells of a request. */
export interface RequestHead {
  readonly method: string
  /** Path and query, or the whole URL. */
  readonly url: string
  /** A header by its lower-case name. The values of a repeated one are joined (`"; "` for `cookie`, `", "` otherwise), so that none is hidden. */
  header(name: string): string | undefined
  /** The socket's address. */
  readonly remoteAddress: string | undefined
}

/** What a door lets be done to the head of an answer. */
export interface ResponseHead {
  /** Adds a header beside others of its name. */
  append(name: string, value: string): void
  /** Puts a header in place of all of its name; `Cache-Control` also in place of those for some caches alone, such as `CDN-Cache-Control` (RFC 9213). */
  set(name: string, value: string): void
  /** All values of a header, in order. */
  values(name: string): readonly string[]
  /** Whether the head is on its way, so that nothing can be changed. */
  readonly sent: boolean
  /** Calls right before the head is sent, after whatever the handler set; again when that head could not be sent, and another takes its place. */
  beforeSent(callback: () => void): void
  /**
   * `null` at first, on a head that is made for one request and for no other: here is kept what several doors of that request have in common, so that each
   * finds the session that the one before it left. Without it each reads the session that the request came with.
   */
  shared?: unknown
}

/** What a route asks for. */
export interface RouteRule {
  /** The user must have proved who they are at most so long ago: RFC 9470. Impersonated sessions are always refused. */
  readonly maxAge?: Duration | undefined
  /** `false`: the request does not count as activity; without effect where `maxAge` is asked for. */
  readonly touch?: boolean | undefined
  /** `false`: the origin is not checked, for a route that proves it by other means, such as the `state` of OpenID Connect. */
  readonly csrf?: boolean | undefined
}

export interface AuthenticatorOptions<A extends object, I extends object> extends AuthOptions {
  readonly sessions: ISessionService<A, I>
  /** Where the application is served: `"https://app.example"`. Exact; never taken from a request. */
  readonly origin: string | readonly string[]
  readonly cookie?: CookieOptions | undefined
  /** Whether `Authorization: Bearer` is read; false by default. */
  readonly bearer?: boolean | undefined
  /** Whose `X-Forwarded-For` is believed: networks (`"10.0.0.0/8"`), or how many proxies stand before this process. Nobody's by default. */
  readonly trustProxy?: readonly string[] | number | undefined
  /** How much of a client's address is kept in a session: all of it, the network (/24, /48), or nothing; `"whole"` by default. */
  readonly storeAddress?: "whole" | "prefix" | "none" | undefined
}

export interface CookieOptions {
  /** What follows the prefix; `"sid"` by default. 1 to 64 letters, digits, `-`, `_`, `.`. */
  readonly name?: string | undefined
  /** `"__Host-Http-"` by default: where browsers know it, no script can set such a cookie, either. */
  readonly prefix?: "__Host-Http-" | "__Host-" | undefined
  /** `"lax"` by default. Under `"strict"` a link from elsewhere arrives signed out. */
  readonly sameSite?: "lax" | "strict" | undefined
  /** `"example.com"`: sent to all its subdomains, each of which can then read it and put another in its place. The name begins with `__Secure-`. */
  readonly domain?: string | undefined
  /** For pages in a frame of another site: `SameSite=None; Partitioned`. */
  readonly embedded?: boolean | undefined
  /** Plain HTTP on this very machine: all origins are `http://localhost` and such. Refused where `NODE_ENV` is `production`. */
  readonly insecureDevelopment?: boolean | undefined
}

/** The answer to a request that was not let in, or whose handler failed: send it as it is, with `problem` as JSON. */
export interface Refusal {
  readonly ok: false
  readonly status: 400 | 401 | 403 | 409 | 413 | 429 | 503
  /** Content-Type and Cache-Control, and for a 401 its challenge, for a 429 and a 503 its Retry-After. */
  readonly headers: Readonly<Record<string, string>>
  /** A problem document (RFC 9457). */
  readonly problem: object
}

/** An answer to "may this request come in?" */
export type Verdict<A extends object, I extends object> = { readonly ok: true; readonly session: ActiveUserSession<A, I> } | Refusal

/** What every door is made of. */
export interface Authenticator<A extends object, I extends object = A> {
  /** Reads nothing: that is done when it is asked for. */
  authenticate(request: RequestHead, response: ResponseHead, rule?: RouteRule): RequestAuth<A, I>
  /** Whether a request may come in where a session is needed: its origin, its session, and how recent its proof is. What no answer is known for is thrown. */
  authorize(auth: RequestAuth<A, I>, head: RequestHead, rule?: RouteRule): Promise<Verdict<A, I>>
  /** Whether a request may come in where no session is needed: its origin. `null`: it may. */
  admit(head: RequestHead, rule?: RouteRule): Refusal | null
  /**
   * Whether the session that a request was let in with is still one of a signed-in user, for connections that outlast their request. Neither a touch nor
   * an entry in the security log, since nobody has come.
   *
   * @throws what `getSession` throws
   */
  stillOpen(head: RequestHead): Promise<boolean>
  /** The answer to what a handler threw; `null` for what its framework has to report. */
  refuse(error: unknown, rule?: RouteRule): Refusal | null
  /** The client's address, as `trustProxy` lets it be found, in its canonical spelling; `undefined` where it cannot be known. */
  addressOf(head: RequestHead): string | undefined
}
