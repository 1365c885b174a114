import { isUserSession } from "../application/admission.js"
import { auditOf, refusalEvent } from "../application/audit.js"
import type { ActiveSession, ActiveUserSession, RequestAuth } from "../application/contract.js"
import { provedWithin } from "../application/proof-age.js"
import { RequestAuthentication } from "../application/RequestAuthentication.js"
import { RequestState } from "../application/RequestScope.js"
import { readSession } from "../application/read-session.js"
import { SessionError } from "../domain/errors.js"
import { type AuthenticatorSettings, authenticatorSettings } from "./authenticator-settings.js"
import type { Authenticator, AuthenticatorOptions, Refusal, RequestHead, ResponseHead, RouteRule, Verdict } from "./contract.js"
import { readCredentials } from "./credentials.js"
import { refuseForgedChange } from "./forgery.js"
import { refusalOf } from "./problem.js"
import { checkedRule } from "./route-rule.js"
import { addressOf, deviceOf, WebRequest } from "./WebRequest.js"

/**
 * Makes what every door into a framework is made of: how requests prove who they are from, and what they may do.
 *
 * @throws ERR_CONFIG_INVALID
 * @example
 * const authenticator = createAuthenticator({ sessions, origin: "https://app.example" })
 */
export function createAuthenticator<A extends object, I extends object>(options: AuthenticatorOptions<A, I>): Authenticator<A, I> {
  return new SessionAuthenticator(authenticatorSettings(options))
}

/** A class, for a literal may come to lie in the old generation, and the whole request with it (bench/README.md). */
class Admitted<A extends object, I extends object> {
  readonly ok = true
  readonly session: ActiveUserSession<A, I>

  constructor(session: ActiveUserSession<A, I>) {
    this.session = session
  }
}

/** What the doors of one request share of its session, for each authenticator that they are made of: a list, since that is one as a rule. */
class SharedState {
  readonly state = new RequestState<object, object>()
  readonly authenticator: object
  readonly next: SharedState | null

  constructor(authenticator: object, next: SharedState | null) {
    this.authenticator = authenticator
    this.next = next
  }
}

class SessionAuthenticator<A extends object, I extends object> implements Authenticator<A, I> {
  readonly #settings: AuthenticatorSettings<A, I>

  constructor(settings: AuthenticatorSettings<A, I>) {
    this.#settings = settings
  }

  authenticate(head: RequestHead, response: ResponseHead, rule?: RouteRule): RequestAuth<A, I> {
    const checked = checkedRule(rule)
    return new RequestAuthentication(this.#settings, new WebRequest(head, response, this.#settings.web, checked), checked.touch, this.#stateOf(response))
  }

  #stateOf(response: ResponseHead): RequestState<A, I> {
    if (response.shared === undefined) return new RequestState()
    const first = response.shared as SharedState | null
    let one = first
    while (one !== null && one.authenticator !== this) one = one.next
    if (one === null) {
      one = new SharedState(this, first)
      response.shared = one
    }
    return one.state as RequestState<A, I>
  }

  async authorize(auth: RequestAuth<A, I>, head: RequestHead, rule?: RouteRule): Promise<Verdict<A, I>> {
    const refused = this.admit(head, rule)
    if (refused !== null) return refused
    let session: ActiveSession<A, I> | null
    try {
      session = await auth.session()
    } catch (error) {
      return this.#refusalOrThrow(error, rule)
    }
    try {
      if (!isUserSession(session)) throw new SessionError("ERR_NOT_AUTHENTICATED", "Expected a signed-in user.")
      const { maxAgeMs } = checkedRule(rule)
      if (maxAgeMs !== null && !(await provedWithin(session, maxAgeMs)))
        throw new SessionError("ERR_REAUTHENTICATION_NEEDED", `Expected a user who proved who they are at most ${maxAgeMs / 1000} s ago.`)
      return new Admitted(session)
    } catch (error) {
      this.#audit(error, head, session)
      return this.#refusalOrThrow(error, rule)
    }
  }

  admit(head: RequestHead, rule?: RouteRule): Refusal | null {
    try {
      refuseForgedChange(head, this.#settings.web, checkedRule(rule))
      return null
    } catch (error) {
      this.#audit(error, head, null)
      return this.#refusalOrThrow(error, rule)
    }
  }

  async stillOpen(head: RequestHead): Promise<boolean> {
    const credentials = readCredentials(head, this.#settings.web)
    if (credentials.kind === "none") return false
    try {
      const { session } = await readSession(this.#settings.sessions, credentials.token, false)
      return session !== null && session.userId !== null
    } catch (error) {
      if (SessionError.is(error, "ERR_SESSION_CORRUPT")) return false
      throw error
    }
  }

  refuse(error: unknown, rule?: RouteRule): Refusal | null {
    const { maxAgeMs } = checkedRule(rule)
    return refusalOf(error, { bearer: this.#settings.web.bearer, maxAge: maxAgeMs === null ? undefined : Math.floor(maxAgeMs / 1000) })
  }

  addressOf(head: RequestHead): string | undefined {
    return addressOf(head, this.#settings.web.trust)
  }

  #refusalOrThrow(error: unknown, rule: RouteRule | undefined): Refusal {
    const refusal = this.refuse(error, rule)
    if (refusal === null) throw error
    return refusal
  }

  #audit(error: unknown, head: RequestHead, session: ActiveSession<A, I> | null): void {
    const event = refusalEvent(error)
    if (event !== null) auditOf(this.#settings.auth.onAudit, () => deviceOf(head, this.#settings.web))(event, session)
  }
}
