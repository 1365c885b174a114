/** How often a text may be decoded and come to another. */
const MOST_DECODINGS = 8

/**
 * Says why a request target, exactly as it came over the wire, is refused; `null` when it is fine.
 *
 * It runs before anything parses the target: a URL parser resolves dot segments silently, and then a path that a
 * caller pieced together (`/v1/users/` + id + `/sessions`) would reach another user.
 */
export function refuseTarget(target: string): string | null {
  if (!/^\/[\x21-\x7e]*$/.test(target)) return "Expected a request target that begins with a slash and is printable ASCII, everything else percent-encoded."
  if (target.includes("#")) return "Expected a request target without a fragment."
  const mark = target.indexOf("?")
  return refusePath(mark < 0 ? target : target.slice(0, mark)) ?? (mark < 0 ? null : refuseQuery(target.slice(mark + 1)))
}

/**
 * Whether a user id can stand in a path, percent-encoded, and still mean this user to everything on the way.
 * Ids for which it cannot (`.`, `..`, a backslash, `a/../b`, and what decodes to them) are refused when a session is created, and so is what can be
 * decoded again and again: nothing on the way does that, and to follow it would take the square of its length.
 */
export function isAddressable(userId: string): boolean {
  let text = userId
  for (let decodings = 0; decodings < MOST_DECODINGS; decodings += 1) {
    if (text.includes("\\") || text.split("/").some((part) => part === "." || part === "..")) return false
    const decoded = decodeAscii(text)
    if (decoded === text) return true
    text = decoded
  }
  return false
}

function refusePath(path: string): string | null {
  if (path.includes("//")) return "Expected a path without empty segments."
  for (const segment of path.split("/")) {
    const text = decode(segment)
    if (text === null) return "Expected a path whose percent signs begin well-formed UTF-8 escapes."
    if (!isAddressable(text)) return "Expected a path without dot segments and backslashes, encoded ones included."
  }
  return null
}

function refuseQuery(query: string): string | null {
  const names = new Set<string>()
  for (const parameter of query.split("&")) {
    const [name, value] = parameter.split(/=(.*)/s).map((part) => decode(part.replaceAll("+", " ")))
    if (name === null || value === null) return "Expected a query whose percent signs begin well-formed UTF-8 escapes."
    if (!name || !value) return "Expected query parameters that have a name and a value."
    if (names.has(name)) return "Expected each query parameter once."
    names.add(name)
  }
  return null
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** What a second, careless decoder would make of a text: only ASCII escapes matter for dots, slashes and backslashes. */
function decodeAscii(text: string): string {
  return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
