/**
 * Compares two texts of base64url to their end, wherever they differ, so that the time it takes tells nothing of where. Only of the length it tells.
 *
 * `timingSafeEqual` does the same on bytes: to make them of two short texts takes ten times as long as to compare them.
 *
 * @param from - where to begin, for texts that are known to begin alike
 */
export function isSameText(text: string, other: string, from = 0): boolean {
  if (text.length !== other.length) return false
  let difference = 0
  for (let at = from; at < text.length; at += 1) difference |= text.charCodeAt(at) ^ other.charCodeAt(at)
  return difference === 0
}
