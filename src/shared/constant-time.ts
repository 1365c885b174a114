/**
 * Compares two texts of base64url to their end, wherever they differ, so that the time it takes tells nothing of where. Only of the length it tells.
 *
 * `timingSafeEqual` does the same on bytes: to make them of two short texts takes ten times as long as to compare them.
 */
export function isSameText(text: string, other: string): boolean {
  if (text.length !== other.length) return false
  let difference = 0
  for (let at = 0; at < text.length; at += 1) difference |= text.charCodeAt(at) ^ other.charCodeAt(at)
  return difference === 0
}
