/** A name, an IPv4 address or an IP literal in brackets, and perhaps a port (RFC 3986). All of it may be absent. */
const HOST = /^(?:\[[\w.~!$&'()*+,;=:-]+\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i

/**
 * Says why a request's Host is refused; `null` when it is fine (RFC 9112, 3.2). HTTP/1.0 need not send one.
 *
 * @param rawHeaders - names and values in turn, as they came over the wire: Node keeps the first Host of several
 */
export function refuseHost(rawHeaders: readonly string[], httpVersion: string): string | null {
  let host: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== "host") continue
    if (host !== undefined) return "Expected one Host, got several."
    host = rawHeaders[index + 1] ?? ""
  }
  if (host === undefined) return httpVersion === "1.0" ? null : "Expected a Host."
  return HOST.test(host) ? null : "Expected a Host that is a name or an address, and perhaps a port."
}
