/** `Cache-Control` of what no cache may keep. */
export const NO_STORE = "no-store"

/** Names in lower case that some caches obey in place of `Cache-Control`, and that do not end like it. */
const OTHERS: ReadonlySet<string> = new Set(["surrogate-control", "edge-control", "x-accel-expires"])

/**
 * Whether a header tells some caches alone how long they may keep an answer: `CDN-Cache-Control`, those of vendors, and the older `Surrogate-Control`. Such a
 * cache does not look at `Cache-Control` where there is one.
 *
 * @param name - in lower case
 * @source RFC 9213, 2.2 · W3C Edge Architecture 1.0 (Surrogate-Control) · nginx, ngx_http_proxy_module (X-Accel-Expires)
 */
export function targetsSomeCaches(name: string): boolean {
  return name.endsWith("-cache-control") || OTHERS.has(name)
}
