/** By character code: whether it stands in base64url. */
const BASE64URL: readonly boolean[] = Array.from({ length: 128 }, (_unused, code) => /[\w-]/.test(String.fromCharCode(code)))

/** Whether a part of a text is base64url: a loop takes a third of what a regular expression does, and every request is read by it. */
export function isBase64url(text: string, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (BASE64URL[text.charCodeAt(at)] !== true) return false
  return true
}
