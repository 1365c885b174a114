import { expected } from "../../shared/assertions.js"

const MOST_BYTES = 320

/**
 * The one spelling of an account's name: NFKC, without white space around it, in lower case. Who writes it otherwise tries the same account.
 *
 * @throws UnexpectedValue for what is no well-formed text of 1 to 320 bytes, the longest of e-mail addresses
 */
export function canonicalAccount(given: unknown): string {
  if (typeof given !== "string" || given.length > MOST_BYTES || !given.isWellFormed()) throw refused(given)
  // Lower case may compose anew, and what NFKC makes may be white space.
  const account = given.normalize("NFKC").toLowerCase().normalize("NFKC").trim()
  if (account === "" || bytesOf(account) > MOST_BYTES) throw refused(given)
  return account
}

function refused(given: unknown): Error {
  return expected("account", `well-formed text of 1 to ${MOST_BYTES} bytes`, given)
}

/** Bytes of well-formed text in UTF-8. */
function bytesOf(text: string): number {
  let bytes = 0
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return bytes
}
