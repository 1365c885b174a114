import { asArgumentError } from "../domain/errors.js"
import type { Changes, DeepReadonly, UserId } from "../domain/interfaces/session/ISessionService.js"
import { signedIn } from "./admission.js"
import { refusalEvent } from "./audit.js"
import type { ActiveSession, ActiveUserSession, DeviceEntry, PendingOptions, RequestAuth, SignInOptions, SignOutScope } from "./contract.js"
import { allSessionsOf, deviceEntry } from "./devices.js"
import type { RequestPort } from "./RequestPort.js"
import { type AuthParts, RequestScope, type RequestState } from "./RequestScope.js"
import { signIn, startGuest, startPending } from "./sign-in.js"
import { signOut } from "./sign-out.js"
import { impersonate, reauthenticated } from "./step-up.js"

/** The use cases of one request. Each refusal is told to whoever keeps the security log. */
export class RequestAuthentication<A extends object, I extends object> implements RequestAuth<A, I> {
  readonly #scope: RequestScope<A, I>

  /** @param touch whether the request counts as activity here */
  constructor(parts: AuthParts<A, I>, port: RequestPort, touch: boolean, state: RequestState<A, I>) {
    this.#scope = new RequestScope(parts, port, touch, state)
  }

  async session(): Promise<ActiveSession<A, I> | null> {
    try {
      return (await this.#scope.current())?.view ?? null
    } catch (error) {
      throw this.#told(error)
    }
  }

  signIn(options: SignInOptions<A, I>): Promise<ActiveUserSession<A, I>> {
    return this.#inTurn(async (scope) => (await signIn(scope, options)).view as ActiveUserSession<A, I>)
  }

  startGuest(attributes: DeepReadonly<I>): Promise<ActiveSession<A, I>> {
    return this.#inTurn(async (scope) => (await startGuest(scope, attributes)).view)
  }

  startPending(options: PendingOptions<A, I>): Promise<ActiveSession<A, I>> {
    return this.#inTurn(async (scope) => (await startPending(scope, options)).view)
  }

  reauthenticated(userId: UserId, changes?: Changes<A, I>): Promise<ActiveUserSession<A, I>> {
    return this.#inTurn(async (scope) => (await reauthenticated(scope, userId, changes)).view as ActiveUserSession<A, I>)
  }

  impersonate(userId: UserId, attributes?: DeepReadonly<I>): Promise<ActiveUserSession<A, I>> {
    return this.#inTurn(async (scope) => (await impersonate(scope, userId, attributes)).view as ActiveUserSession<A, I>)
  }

  devices(): Promise<readonly DeviceEntry[]> {
    return this.#run(async (scope) => {
      const own = signedIn(await scope.current())
      const all = await allSessionsOf(scope.sessions, own.userId)
      return all.map((session) => deviceEntry(session, own))
    })
  }

  signOut(where: SignOutScope = "here"): Promise<number> {
    return this.#inTurn((scope) => signOut(scope, where))
  }

  #inTurn<T>(act: (scope: RequestScope<A, I>) => Promise<T>): Promise<T> {
    return this.#run((scope) => scope.inTurn(() => act(scope)))
  }

  async #run<T>(act: (scope: RequestScope<A, I>) => Promise<T>): Promise<T> {
    try {
      return await act(this.#scope)
    } catch (error) {
      throw this.#told(error)
    }
  }

  #told(error: unknown): unknown {
    const event = refusalEvent(error)
    if (event !== null) this.#scope.audit(event, this.#scope.known?.view ?? null)
    return asArgumentError(error)
  }
}
