import { asConfigError } from "../domain/errors.js"
import { expected, readOptions } from "../shared/assertions.js"
import type { Refusal, RequestHead } from "../web/contract.js"
import { AnswerHead } from "./AnswerHead.js"

/** The head of a `Response`, which is made after its handler. */
export class WebAnswerHead extends AnswerHead {
  sent = false
}

/** How a door that cannot see it finds where a request came from. @throws ERR_CONFIG_INVALID for an option of another name or kind */
export function checkedRemoteAddress<F>(options: { readonly remoteAddress?: F | undefined }, door: string): F | undefined {
  return asConfigError(() => {
    const { remoteAddress } = readOptions(options, `the options of ${door}`, ["remoteAddress"])
    if (remoteAddress !== undefined && typeof remoteAddress !== "function") throw expected("remoteAddress", "a function", remoteAddress)
    return remoteAddress
  })
}

export function webRequestHead(request: Request, remoteAddress: string | undefined): RequestHead {
  return { method: request.method, url: request.url, header: (name) => request.headers.get(name) ?? undefined, remoteAddress }
}

/**
 * The answer with all that waits to be added to its head; the answer itself when nothing does.
 *
 * Always a copy: headers may be immutable, and a handler may answer many requests with one constant, which must not keep somebody's cookie.
 */
export function completed(answer: Response, head: AnswerHead): Response {
  // Node's Response cannot be made with such a status: an upgrade, or a failure.
  if (!head.waiting || answer.status < 200) return answer
  const headers = new Headers(answer.headers)
  head.complete({
    get: (name) => (name === "set-cookie" ? headers.getSetCookie() : [headers.get(name) ?? []].flat()),
    set: (name, values) => {
      headers.delete(name)
      for (const value of [values].flat()) headers.append(name, value)
    },
    names: () => [...headers.keys()],
    remove: (name) => headers.delete(name),
  })
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
}

export function refusalResponse({ status, headers, problem }: Refusal): Response {
  return new Response(JSON.stringify(problem), { status, headers })
}
