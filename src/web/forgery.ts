import { SessionError } from "../domain/errors.js"
import type { RequestHead } from "./contract.js"
import { readCredentials, type TokenSources } from "./credentials.js"
import { isOurs, mayChange } from "./origins.js"
import type { CheckedRule } from "./route-rule.js"

/** What decides whose requests are taken for the application's own. */
export interface ForgerySettings extends TokenSources {
  readonly origins: ReadonlySet<string>
}

/**
 * Refuses a request that another site may have made the user's browser send, whether with a cookie or without: a form elsewhere must not sign
 * the user in as somebody else, either.
 *
 * @throws ERR_REQUEST_FORGED · ERR_REQUEST_AMBIGUOUS
 */
export function refuseForgery(head: RequestHead, settings: ForgerySettings, { csrf }: Pick<CheckedRule, "csrf">): void {
  if (!csrf) return
  const from = { secFetchSite: head.header("sec-fetch-site"), origin: head.header("origin"), upgrade: isUpgrade(head) }
  if (isOurs(from, settings.origins)) return
  // No browser sends a bearer token by itself.
  if (readCredentials(head, settings).kind === "bearer") return
  throw new SessionError("ERR_REQUEST_FORGED", "Expected a request of the application's own origin, or one that has nothing but a bearer token.")
}

/** The same, where the method or a WebSocket asks for it. */
export function refuseForgedChange(head: RequestHead, settings: ForgerySettings, rule: Pick<CheckedRule, "csrf">): void {
  if (mayChange(head.method, isUpgrade(head))) refuseForgery(head, settings, rule)
}

/** Over HTTP/1.1 by its header, over HTTP/2 by its method (RFC 6455 · RFC 8441). */
function isUpgrade(head: RequestHead): boolean {
  return head.method === "CONNECT" || isToWebSocket(head.header("upgrade"))
}

function isToWebSocket(upgrade: string | undefined): boolean {
  return upgrade !== undefined && /(?:^|,)[ \t]*websocket[ \t]*(?:$|[,/])/i.test(upgrade)
}
