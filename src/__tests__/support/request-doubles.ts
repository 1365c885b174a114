import type { AuditEvent } from "../../application/audit.js"
import type { AuthSettings } from "../../application/auth-settings.js"
import { authSettings } from "../../application/auth-settings.js"
import { RequestAuthentication } from "../../application/RequestAuthentication.js"
import type { Credentials, RequestPort } from "../../application/RequestPort.js"
import { RequestState } from "../../application/RequestScope.js"
import { SessionError, type SessionErrorCode } from "../../domain/errors.js"
import type { Device, ISessionService, IssuedSession, SessionAttributes } from "../../domain/interfaces/session/ISessionService.js"

type Sessions = ISessionService<SessionAttributes>

/** A browser's tab, as the use cases see it: the cookie that its requests bring, and what their answers do to it. */
export class Tab {
  cookie: string | null

  constructor(cookie: string | null = null) {
    this.cookie = cookie
  }
}

/** One request of a tab, or one with a bearer token. What is done to the answer is done to the tab at once. */
export class HeldRequest implements RequestPort {
  /** What was done to the answer, in its order. */
  readonly done: ("given" | "taken")[] = []
  forged = false
  sent = false
  readonly #tab: Tab
  readonly #credentials: Credentials

  constructor(tab: Tab, bearer?: string) {
    this.#tab = tab
    this.#credentials =
      bearer !== undefined ? { kind: "bearer", token: bearer } : tab.cookie === null ? { kind: "none" } : { kind: "cookie", token: tab.cookie }
  }

  credentials(): Credentials {
    return this.#credentials
  }

  refuseForgery(): void {
    if (this.forged) throw new SessionError("ERR_REQUEST_FORGED", "Expected a request of the application's own.")
  }

  refuseLateCookie(): void {
    if (this.sent) throw new SessionError("ERR_ANSWER_SENT", "Expected an answer that is not sent yet.")
  }

  giveToken({ token }: Pick<IssuedSession<object>, "token" | "session">): void {
    this.refuseLateCookie()
    this.done.push("given")
    this.#tab.cookie = token
  }

  takeToken(): void {
    this.done.push("taken")
    this.#tab.cookie = null
  }

  device(): Device {
    return { ip: "192.0.2.1", label: "Laptop" }
  }
}

/** A request of a tab with all that it needs. */
export interface Asked {
  readonly auth: RequestAuthentication<SessionAttributes, SessionAttributes>
  readonly request: HeldRequest
  readonly events: AuditEvent[]
}

export function ask(
  sessions: Sessions,
  tab: Tab,
  options: { readonly bearer?: string; readonly touch?: boolean; readonly settings?: AuthSettings } = {},
): Asked {
  const request = new HeldRequest(tab, options.bearer)
  const events: AuditEvent[] = []
  const { touch = true, settings = authSettings({}) } = options
  const auth: AuthSettings = { ...settings, onAudit: (event) => events.push(event) }
  return { auth: new RequestAuthentication({ sessions, auth }, request, touch, new RequestState()), request, events }
}

/** The code that a promise is rejected with; `null` when it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<SessionErrorCode | null> {
  try {
    await promise
    return null
  } catch (error) {
    if (SessionError.is(error)) return error.code
    throw error
  }
}

type Method = keyof Sessions
/** Stands in for a call: does something before or after it, or something else. */
type Stand = (proceed: () => Promise<never>) => Promise<unknown>

/** A service whose calls are written down, and some of which are stood in for. */
export class WatchedSessions {
  readonly calls: Method[] = []
  readonly service: Sessions
  readonly #stands = new Map<Method, Stand[]>()

  constructor(inner: Sessions) {
    this.service = new Proxy(inner, {
      get: (target, name: Method) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== "function") return method
        return (...args: unknown[]): Promise<unknown> => {
          this.calls.push(name)
          const proceed = (): Promise<never> => Reflect.apply(method, target, args) as Promise<never>
          const stand = this.#stands.get(name)?.shift()
          return stand === undefined ? proceed() : stand(proceed)
        }
      },
    })
  }

  /** Runs something right before the next call of this name that has nothing before it yet. */
  before(name: Method, work: () => Promise<unknown>): this {
    return this.#stand(name, async (proceed) => {
      await work()
      return proceed()
    })
  }

  /** Runs something when the call was made, and before its caller hears of it. */
  after(name: Method, work: () => Promise<unknown>): this {
    return this.#stand(name, async (proceed) => {
      const answer: unknown = await proceed()
      await work()
      return answer
    })
  }

  /** Lets a call fail: before it does anything, or after it did. */
  fail(name: Method, code: SessionErrorCode, when: "before" | "after" = "before"): this {
    const failure = (): Promise<never> => Promise.reject(new SessionError(code, "The test wants it so."))
    return when === "before" ? this.#stand(name, failure) : this.after(name, failure)
  }

  #stand(name: Method, stand: Stand): this {
    this.#stands.set(name, [...(this.#stands.get(name) ?? []), stand])
    return this
  }
}
