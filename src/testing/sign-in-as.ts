import type { ActiveUserSession, SignInOptions } from "../application/contract.js"
import type { UserId } from "../domain/interfaces/session/ISessionService.js"
import type { Authenticator, RequestHead, ResponseHead } from "../web/contract.js"

/** Somebody who is signed in, as a test's requests need it. */
export interface SignedIn<A extends object, I extends object = A> {
  /** To be sent with every request: the cookie, and that the request comes from the application's own page. */
  readonly headers: { readonly cookie: string; readonly "sec-fetch-site": "same-origin" }
  /** The session, to look at or to change behind the application's back. */
  readonly session: ActiveUserSession<A, I>
}

type Rest<A extends object, I extends object> = Omit<SignInOptions<A, I>, "userId">

/**
 * Signs a user in without the application's own sign-in: for tests of what comes after it.
 *
 * The session is made by the application's own authenticator, with its cookie, its timeouts and its schema, in the store of its session service. So
 * every door of the application takes it as if the user had signed in.
 *
 * @param app - what the application's doors are made of
 * @param options - as those of `signIn`; attributes where the schema requires any
 * @throws what `signIn` throws, such as ERR_INVALID_ARGUMENT for a user id or attributes
 * @example
 * const { headers } = await signInAs(authenticator, "ada")
 * const answer = await app.inject({ url: "/profile", headers }) // or fetch, supertest, app.request
 */
export async function signInAs<A extends object, I extends object>(
  app: Authenticator<A, I>,
  userId: UserId,
  // biome-ignore lint/complexity/noBannedTypes: {} is what an object without required keys is compared with
  ...[options]: {} extends Rest<A, I> ? [options?: Rest<A, I>] : [options: Rest<A, I>]
): Promise<SignedIn<A, I>> {
  const answer = new Answer()
  const session = await app.authenticate(REQUEST, answer).signIn({ ...options, userId } as SignInOptions<A, I>)
  const cookie = answer.values("set-cookie")[0]?.split(";")[0] ?? ""
  return { headers: { cookie, "sec-fetch-site": "same-origin" }, session }
}

const REQUEST: RequestHead = {
  method: "POST",
  url: "/",
  remoteAddress: undefined,
  header: (name) => (name === "sec-fetch-site" ? "same-origin" : undefined),
}

/** An answer that nobody gets. */
class Answer implements ResponseHead {
  readonly sent = false
  readonly #headers = new Map<string, readonly string[]>()

  append(name: string, value: string): void {
    this.#headers.set(name, [...this.values(name), value])
  }

  set(name: string, value: string): void {
    this.#headers.set(name, [value])
  }

  values(name: string): readonly string[] {
    return this.#headers.get(name) ?? []
  }

  beforeSent(): void {
    // It is never sent.
  }
}
