import { SessionError } from "../domain/errors.js"

const BEARER = /^bearer(?: +|$)/i
const TOKEN_FORM = /^[A-Za-z0-9._~+/-]+=*$/
/** Goes on to the end where nothing closes it: a search from each further quote would take time by the square of the length. */
const QUOTED = /"(?:[^"\\]|\\.?)*("?)/g
/** What begins other credentials; a parameter of the same ones has `=` after its name. */
const FURTHER = /,[ \t]*[\w!#$%&'*+.^`|~-]+ +[^=\s,]/

/**
 * Finds a bearer token. What another scheme says is not this library's business; what is no token opens nothing, as one that is unknown.
 *
 * @param header all `Authorization` headers, joined by `", "`
 * @returns `undefined` without the scheme Bearer
 * @throws ERR_REQUEST_AMBIGUOUS for more than one header
 * @source RFC 6750, 2.1 · RFC 9110, 11.4
 */
export function readBearer(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  const unquoted = header.replace(QUOTED, (quoted, end: string) => (end === "" ? quoted : ""))
  if (FURTHER.test(unquoted)) throw new SessionError("ERR_REQUEST_AMBIGUOUS", "Expected one Authorization header, got more.")
  if (!BEARER.test(header)) return undefined
  const token = header.replace(BEARER, "").trimEnd()
  return TOKEN_FORM.test(token) ? token : ""
}
