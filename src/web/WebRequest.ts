import type { Credentials, RequestPort } from "../application/RequestPort.js"
import { SessionError } from "../domain/errors.js"
import type { Device, IssuedSession } from "../domain/interfaces/session/ISessionService.js"
import type { WebSettings } from "./authenticator-settings.js"
import { clientAddress, storedAddress } from "./client-address.js"
import type { RequestHead, ResponseHead } from "./contract.js"
import { givingCookie, takingCookie } from "./cookies.js"
import { readCredentials } from "./credentials.js"
import { describeDevice } from "./device.js"
import { refuseForgery } from "./forgery.js"
import type { CheckedRule } from "./route-rule.js"
import { NO_STORE } from "./targeted-caches.js"

/** What a request came from. */
export function deviceOf(head: RequestHead, { trust, storeAddress }: Pick<WebSettings, "trust" | "storeAddress">): Device {
  return describeDevice(head.header("user-agent"), storedAddress(addressOf(head, trust), storeAddress))
}

/** The client's address, whole. */
export function addressOf(head: RequestHead, trust: WebSettings["trust"]): string | undefined {
  return clientAddress(head.remoteAddress, head.header("x-forwarded-for"), trust)
}

/** One request and its answer, whatever the framework. */
export class WebRequest implements RequestPort {
  readonly #head: RequestHead
  readonly #response: ResponseHead
  readonly #settings: WebSettings
  readonly #rule: CheckedRule
  #private = false

  constructor(head: RequestHead, response: ResponseHead, settings: WebSettings, rule: CheckedRule) {
    this.#head = head
    this.#response = response
    this.#settings = settings
    this.#rule = rule
  }

  credentials(): Credentials {
    this.#keepPrivate()
    return readCredentials(this.#head, this.#settings)
  }

  refuseForgery(): void {
    refuseForgery(this.#head, this.#settings, this.#rule)
  }

  refuseLateCookie(): void {
    if (this.#response.sent) throw new SessionError("ERR_ANSWER_SENT", "Expected an answer whose headers are not sent yet, because a cookie has to be set.")
  }

  giveToken(issued: Pick<IssuedSession<object>, "token" | "session">): void {
    this.refuseLateCookie()
    this.#setCookie(givingCookie(this.#settings.cookie, issued))
  }

  takeToken(): void {
    if (!this.#response.sent) this.#setCookie(takingCookie(this.#settings.cookie))
  }

  device(): Device {
    return deviceOf(this.#head, this.#settings)
  }

  /** In place of one of the same name that this answer has: of two, browsers would keep the last, and proxies any. */
  #setCookie(line: string): void {
    this.#keepPrivate()
    const before = this.#response.values("set-cookie")
    const others = before.filter((other) => !other.startsWith(`${this.#settings.cookie.name}=`))
    if (others.length === before.length) {
      this.#response.append("set-cookie", line)
      return
    }
    for (const [place, kept] of [...others, line].entries()) {
      if (place === 0) this.#response.set("set-cookie", kept)
      else this.#response.append("set-cookie", kept)
    }
  }

  /** An answer for which the session was looked at or changed is for this user alone (OWASP ASVS 5.0 14.2.2, 14.3.2). One that does not say so must not hold it. */
  #keepPrivate(): void {
    if (this.#private) return
    if (this.#response.sent)
      throw new SessionError("ERR_ANSWER_SENT", "Expected an answer whose headers are not sent yet, because the session makes it one for this user alone.")
    this.#private = true
    this.#response.beforeSent(() => {
      this.#response.set("cache-control", NO_STORE)
      const vary = this.#response.values("vary").join(", ")
      if (vary === "") this.#response.set("vary", "Cookie")
      else if (!/(?:^|,)\s*(?:\*|cookie)\s*(?:,|$)/i.test(vary)) this.#response.set("vary", `${vary}, Cookie`)
    })
  }
}
