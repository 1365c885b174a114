import type { Device, IssuedSession, TokenText } from "../domain/interfaces/session/ISessionService.js"

/** How a request proves who it is from. */
export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "cookie"; readonly token: TokenText }
  /** By `Authorization: Bearer`, and without the cookie: no browser sends it by itself. */
  | { readonly kind: "bearer"; readonly token: TokenText }

/** What use cases ask of a request, and do to its answer. `src/web` implements it once for all frameworks. */
export interface RequestPort {
  /**
   * @throws ERR_REQUEST_AMBIGUOUS for two cookies of one name, a repeated header, or a cookie beside a bearer token
   * @throws ERR_ANSWER_SENT when this is the first look and caches may keep the answer that is on its way
   */
  credentials(): Credentials
  /**
   * Checks where a request that may change something came from, on any method; passes when the route has `csrf: false`, and for nothing but a bearer token.
   *
   * @throws ERR_REQUEST_FORGED
   */
  refuseForgery(): void
  /** @throws ERR_ANSWER_SENT when no cookie can be set any more */
  refuseLateCookie(): void
  /** Puts the token into the answer's cookie; in place of one that this answer already got. */
  giveToken(issued: Pick<IssuedSession<object>, "token" | "session">): void
  /** Deletes the cookie. Without effect when the answer is sent already, since the session is over anyway. */
  takeToken(): void
  /** What the request came from, cut to what a session can hold. */
  device(): Device
}
